"""All addresses of the server: the blueprints, in one list."""

from flask import Flask

from chat.web import (
    account_entry,
    account_pages,
    admin_forms,
    admin_pages,
    answer_forms,
    api_conversations,
    api_documents,
    api_events,
    api_messages,
    api_models,
    api_session,
    api_sharing,
    api_streams,
    api_tokens,
    api_usage,
    choice_forms,
    demo_page,
    export,
    fork,
    importing,
    join_pages,
    list_forms,
    oidc,
    openapi,
    ops,
    page_forms,
    pages,
    search_pages,
    share_forms,
    share_pages,
    socket,
    usage_page,
)

BLUEPRINTS = (
    api_session.api,
    api_conversations.api,
    api_documents.api,
    api_messages.api,
    api_sharing.api,
    api_streams.api,
    api_tokens.api,
    api_usage.api,
    api_models.api,
    api_events.api,
    socket.api,
    openapi.api,
    pages.pages,
    account_pages.pages,
    account_entry.entry,
    oidc.pages,
    page_forms.forms,
    list_forms.lists,
    search_pages.pages,
    search_pages.api,
    export.pages,
    export.api,
    importing.pages,
    importing.api,
    answer_forms.forms,
    choice_forms.forms,
    share_forms.forms,
    usage_page.pages,
    admin_pages.admin,
    admin_forms.forms,
    share_pages.shared,
    join_pages.joining,
    fork.forks,
    demo_page.demo,
    ops.ops,
)


def register(app: Flask) -> None:
    """Give the app its routes."""
    app.config["SOCK_SERVER_OPTIONS"] = socket.SOCK_OPTIONS
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
