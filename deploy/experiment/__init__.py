"""Does the loop close? One simulated product, a world that drifts, three teams on the same traffic.

- `static`: nobody reacts.
- `human_only`: people read a sample of conversations once a week and mend what they find.
- `closed_loop`: programs answer feedloop's actions: re-index, mend the prompt, train again.

The closed loop also runs with one kind of action switched off, to see what each contributes. All
traffic goes through the real pipeline; the loop is told nothing but what users' signals carry.
"""
