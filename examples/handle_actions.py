"""Answer feedloop's actions: one function per kind of action, the results are reported for you.

    pip install feedloop
    FEEDLOOP_KAFKA_BOOTSTRAP=localhost:9092 \
    FEEDLOOP_REGISTRY_URL=http://localhost:8081/apis/ccompat/v7 python handle_actions.py

A function may be called again for the same `action_id` if this program died while it worked: make
the work the same whether it is done once or twice.
"""

from producers import Action, Declined, Done, on_action, run_handlers


@on_action("rag_reindex")
def reindex(action: Action) -> Done | Declined:
    """Refresh the documents that an action is about."""
    documents = [document["doc_id"] for document in action.contents.get("documents", [])]
    documents = documents or [v for name, v in action.key.items() if name == "doc_id"]
    if not documents:
        return Declined("no document is named")
    for doc_id in documents:
        print(f"refreshing {doc_id} of {action.tenant_id}", flush=True)  # your index goes here
    return Done(detail=f"refreshed {', '.join(documents)}")


@on_action("rollback")
def roll_back(action: Action) -> Done | Declined:
    """Go back to the version that was replaced; naming it lets feedloop measure the effect."""
    old = action.parameters.get("replaces")
    if old is None:
        return Declined("nothing to go back to")
    print(f"rolling {action.tenant_id} back to {old}", flush=True)  # your deployment goes here
    if "model_version" in action.key:
        return Done(new_model_version=old)
    return Done(new_prompt_version=old)


if __name__ == "__main__":
    run_handlers([reindex, roll_back], group="my-first-handlers")
