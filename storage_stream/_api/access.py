"""Who may do what: IAM policies, HMAC keys, the project's service account; and who is told."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import iam, notifications, projects
from storage_stream._protocol.arguments import fields_of
from storage_stream._transfer.listing import iter_items, iter_pages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import (
        HmacKeyCreated,
        HmacKeyResource,
        IamPolicy,
        NotificationResource,
    )

__all__ = ["HmacKeys", "Iam", "Notifications"]


class Iam(ApiBase):
    """A bucket's policy, and the project's service account. Each is one request."""

    async def get_iam_policy(
        self, bucket: str, *, version: int | None = None, **options: Unpack[RequestKeywords]
    ) -> IamPolicy:
        """A bucket's policy; `version` 3 also gives bindings with conditions. One request."""
        return await self._send(iam.get_policy(bucket, version), options)

    async def set_iam_policy(
        self, bucket: str, policy: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> IamPolicy:
        """Replace a bucket's policy. One request, repeated only when the policy has its etag.

        Change what `get_iam_policy` gave and send it with its etag: a change that somebody else
        made meanwhile is then not lost.

        Raises:
            PreconditionFailed: The policy was changed since its etag was given.
        """
        return await self._send(iam.set_policy(bucket, policy), options)

    async def test_iam_permissions(
        self, bucket: str, permissions: Iterable[str], **options: Unpack[RequestKeywords]
    ) -> list[str]:
        """Those of the permissions (`storage.objects.get`, …) that one has. One request.

        Raises:
            InvalidArgument: None is asked for.
        """
        return await self._send(iam.check_permissions(bucket, permissions), options)

    async def get_service_account_email(
        self, project: str, **options: Unpack[RequestKeywords]
    ) -> str:
        """The e-mail of the project's own Cloud Storage account. One request.

        Raises:
            InvalidArgument: No project.
        """
        return await self._send(projects.get_service_account(project), options)


class Notifications(ApiBase):
    """Topics that are told of a bucket's changes. Each is one request.

    https://cloud.google.com/storage/docs/pubsub-notifications
    """

    async def list_notifications(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> list[NotificationResource]:
        """A bucket's notifications. One request."""
        return (await self._send(notifications.list_notifications(bucket), options)).items

    async def create_notification(
        self,
        bucket: str,
        topic: str,
        resource: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> NotificationResource:
        """Let a topic be told of changes. One request, never repeated: each makes another one.

        Args:
            bucket: The bucket.
            topic: `projects/PROJECT/topics/TOPIC`.
            resource: Other fields: `event_types`, `object_name_prefix`, `custom_attributes`,
                `payload_format` (default `JSON_API_V1`).
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No topic.
        """
        said = fields_of(resource)
        operation = notifications.insert_notification(bucket, topic, said)
        return await self._send(operation, options)

    async def get_notification(
        self, bucket: str, notification_id: str, **options: Unpack[RequestKeywords]
    ) -> NotificationResource:
        """One notification. One request.

        Raises:
            NotFound: There is none of this id.
        """
        return await self._send(notifications.get_notification(bucket, notification_id), options)

    async def delete_notification(
        self, bucket: str, notification_id: str, **options: Unpack[RequestKeywords]
    ) -> None:
        """End one notification. One request.

        Raises:
            NotFound: There is none of this id.
        """
        await self._send(notifications.delete_notification(bucket, notification_id), options)


class HmacKeys(ApiBase):
    """Keys of service accounts for the XML API. Each is one request.

    https://cloud.google.com/storage/docs/authentication/hmackeys
    """

    async def create_hmac_key(
        self, project: str, service_account_email: str, **options: Unpack[RequestKeywords]
    ) -> HmacKeyCreated:
        """A new key; its secret is shown this once. One request, never repeated.

        Raises:
            InvalidArgument: No project or no e-mail.
        """
        operation = projects.create_hmac_key(project, service_account_email)
        return await self._send(operation, options)

    async def iter_hmac_keys(
        self,
        project: str,
        *,
        service_account_email: str = "",
        show_deleted: bool = False,
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> AsyncGenerator[HmacKeyResource, None]:
        """A project's keys, without their secrets; one page ahead. One request for each page.

        Args:
            project: The project.
            service_account_email: Only the keys of this account.
            show_deleted: Also keys that were deleted.
            page_size: Keys a page; None for the service's choice.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No project.
        """
        page = partial(
            projects.list_hmac_keys,
            project,
            email=service_account_email,
            show_deleted=show_deleted,
            page_size=page_size,
        )
        pages = iter_pages(self._sender, page, self._options(options))
        async with aclosing(iter_items(pages)) as resources:
            async for resource in resources:
                yield resource

    async def get_hmac_key(
        self, project: str, access_id: str, **options: Unpack[RequestKeywords]
    ) -> HmacKeyResource:
        """One key, without its secret. One request.

        Raises:
            NotFound: There is none of this access id.
        """
        return await self._send(projects.get_hmac_key(project, access_id), options)

    async def update_hmac_key(
        self,
        project: str,
        access_id: str,
        state: str,
        *,
        etag: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> HmacKeyResource:
        """Make a key `ACTIVE` or `INACTIVE`. One request, repeated only when its etag is named.

        Raises:
            InvalidArgument: Another state.
            PreconditionFailed: The key was changed since its etag was given.
        """
        operation = projects.update_hmac_key(project, access_id, state, etag)
        return await self._send(operation, options)

    async def delete_hmac_key(
        self, project: str, access_id: str, **options: Unpack[RequestKeywords]
    ) -> None:
        """Delete a key, which must be `INACTIVE`. One request.

        Raises:
            NotFound: There is none of this access id.
            BadRequest: It is still active.
        """
        await self._send(projects.delete_hmac_key(project, access_id), options)
