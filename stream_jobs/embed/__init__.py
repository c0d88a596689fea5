"""What texts are about: vectors, topics of prompts, groups of complaints; pure.

No model is downloaded. A text becomes hashed word and letter n-grams, weighted by TF-IDF and
brought to few dimensions by an SVD that is fitted on the product's own texts. Another embedder can
take its place by setting.
"""
