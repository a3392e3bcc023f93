"""What each answer of a Plex Media Server holds: the elements of sections, items and images."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.servers.plex.items import Collection, PlexItem, Section, Tag, Version, images_of
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.xml import Element, Exclusions

_MEDIA_TAGS = {"mediaTagPrefix": "/system/bundle/media/flags/", "mediaTagVersion": 1775731696}
# A listing carries only the first few tags of each kind, and no label at all.
_TAGS_IN_LISTING = {
    "Genre": 2,
    "Country": 2,
    "Collection": 2,
    "Director": 2,
    "Writer": 2,
    "Producer": 2,
    "Role": 3,
}
_TAG_ELEMENTS = {
    "Genre": ("genre", "genres"),
    "Country": ("country", "countries"),
    "Collection": ("collection", "collections"),
    "Director": ("director", "directors"),
    "Writer": ("writer", "writers"),
    "Producer": ("producer", "producers"),
    "Role": ("actor", "roles"),
    "Label": ("label", "labels"),
}
# The folder of uploaded images of each kind, and where those lie that the server made out of a file.
_FOLDERS = {"poster": "posters", "art": "art"}
_AUTOMATIC = {"poster": "Thumbnails/thumb1.jpg", "art": "Art/art1.jpg", "clearLogo": "Logos/logo1.png"}
_EVERYTHING = Exclusions()


# Containers


def section_container(library: PlexLibrary, section_key: int, **attributes: Any) -> dict[str, Any]:
    """The attributes of the container of a section's items; `attributes` come first (size, totalSize …)."""
    section = library.sections[section_key]
    return {
        **attributes,
        "allowSync": True,
        "art": "/:/resources/movie-fanart.jpg",
        "identifier": "com.plexapp.plugins.library",
        "librarySectionID": section.key,
        "librarySectionTitle": section.title,
        "librarySectionUUID": section.uuid,
        **_MEDIA_TAGS,
        "thumb": "/:/resources/movie.png",
        "title1": section.title,
        "title2": f"All {section.title}",
        "viewGroup": "movie",
        "viewMode": 65592,
    }


def detail_container(library: PlexLibrary, items: list[PlexItem]) -> dict[str, Any]:
    """The attributes of the container of items asked for by their rating keys."""
    attributes = {"size": len(items), "allowSync": True, "identifier": "com.plexapp.plugins.library"}
    if items:
        section = library.sections[items[0].section_key]
        attributes["librarySectionID"] = section.key
        attributes["librarySectionTitle"] = section.title
        attributes["librarySectionUUID"] = section.uuid
    return {**attributes, **_MEDIA_TAGS}


def sections_container(library: PlexLibrary) -> Element:
    """The list of the server's libraries."""
    sections = [_section(library, key) for key in sorted(library.sections)]
    attributes = {"size": len(sections), "allowSync": False, "title1": "Plex Library"}
    return Element("MediaContainer", attributes, sections)


def _section(library: PlexLibrary, section_key: int) -> Element:
    section = library.sections[section_key]
    attributes = {
        "allowSync": True,
        "filters": True,
        "refreshing": section.refreshing,
        "key": str(section.key),
        "type": section.type,
        "title": section.title,
        "agent": section.agent,
        "scanner": section.scanner,
        "language": "xn" if section.agent.endswith(".none") else "en-US",
        "uuid": section.uuid,
        "createdAt": section.created_at,
        "scannedAt": section.created_at,
        "content": True,
        "directory": True,
        "contentChangedAt": section.content_changed_at,
        "hidden": 0,
    }
    locations = [
        Element("Location", {"id": section.key * 100 + number, "path": path})
        for number, path in enumerate(section.locations)
    ]
    return Element("Directory", attributes, locations)


# Items


def listed_item(library: PlexLibrary, item: PlexItem, exclusions: Exclusions = _EVERYTHING) -> Element:
    """An item as a listing shows it: tags cut short and without ids; no label, lock or stream."""
    attributes = _without(_item_attributes(library, item, in_section=False), exclusions.fields)
    children = _common_children(item, exclusions, with_streams=False)
    for name, most in _TAGS_IN_LISTING.items():
        if name not in exclusions.elements:
            tags = getattr(item, _TAG_ELEMENTS[name][1])
            children += [Element(name, {"tag": tag}) for tag in tags[:most]]
    return Element("Video", attributes, children)


def detailed_item(library: PlexLibrary, item: PlexItem, exclusions: Exclusions = _EVERYTHING) -> Element:
    """An item as it is shown alone: every tag, every lock."""
    attributes = _without(_item_attributes(library, item, in_section=True), exclusions.fields)
    children = _common_children(item, exclusions, with_streams="Stream" not in exclusions.elements)
    for name, (kind, attribute) in _TAG_ELEMENTS.items():
        if name not in exclusions.elements:
            tags = [library.tag(kind, tag) for tag in getattr(item, attribute)]
            children += [_detailed_tag(name, tag, item) for tag in tags]
    if "Field" not in exclusions.elements:
        children += [Element("Field", {"locked": True, "name": field}) for field in sorted(item.locked)]
    return Element("Video", attributes, children)


def _without(attributes: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    for name in names:
        attributes.pop(name, None)
    return attributes


def _item_attributes(library: PlexLibrary, item: PlexItem, *, in_section: bool) -> dict[str, Any]:
    """The attributes of an item in the order in which Plex writes them."""
    key = item.rating_key
    section = library.sections[item.section_key]
    return {
        "ratingKey": str(key),
        "key": f"/library/metadata/{key}",
        "guid": _guid(section, item),
        "studio": item.studio or None,
        "type": "movie",
        "subtype": None if section.has_agent else "clip",
        "title": item.title,
        "titleSort": item.title_sort if item.title_sort and item.title_sort != item.title else None,
        "librarySectionTitle": section.title if in_section else None,
        "librarySectionID": section.key if in_section else None,
        "librarySectionKey": f"/library/sections/{section.key}" if in_section else None,
        "originalTitle": item.original_title or None,
        "contentRating": item.content_rating or None,
        "summary": item.summary,
        "rating": item.rating,
        "audienceRating": item.audience_rating,
        "userRating": item.user_rating,
        "lastRatedAt": item.last_rated_at,
        "viewOffset": item.view_offset,
        "viewCount": item.view_count or None,
        "lastViewedAt": item.last_viewed_at,
        "year": item.year,
        "tagline": item.tagline or None,
        "thumb": f"/library/metadata/{key}/thumb/{item.poster_stamp}" if item.selected_poster else None,
        "art": f"/library/metadata/{key}/art/{item.art_stamp}" if item.selected_art else None,
        "duration": item.duration,
        "originallyAvailableAt": item.date or None,
        "addedAt": item.added_at,
        "updatedAt": item.updated_at,
        "editionTitle": item.edition_title or None,
        "deletedAt": item.deleted_at,
        "createdAtAccuracy": None if section.has_agent else "epoch,local",
        "createdAtTZOffset": None if section.has_agent else "0",
    }


def _guid(section: Section, item: PlexItem) -> str:
    """How Plex names an item in the world: by its file's hash, by its own key, or as one it did not match."""
    if section.agent == "com.plexapp.agents.none":
        hashed = hashlib.sha1("".join(item.files).encode("utf-8", "surrogatepass")).hexdigest()
        return f"com.plexapp.agents.none://{hashed}?lang=xn"
    scheme = "local" if section.has_agent else section.agent
    return f"{scheme}://{item.rating_key}"


def _common_children(item: PlexItem, exclusions: Exclusions, *, with_streams: bool) -> list[Element]:
    children: list[Element] = []
    if "Media" not in exclusions.elements:
        with_parts = "Part" not in exclusions.elements
        for version in item.versions:
            parts = _parts(item, version, with_streams=with_streams) if with_parts else []
            children.append(Element("Media", _media_attributes(item, version), parts))
    if "Image" not in exclusions.elements:
        for kind, selected, address in (
            ("coverPoster", item.selected_poster, f"thumb/{item.poster_stamp}"),
            ("background", item.selected_art, f"art/{item.art_stamp}"),
            ("clearLogo", item.selected_logo, f"clearLogo/{item.logo_stamp}"),
        ):
            if selected:
                url = f"/library/metadata/{item.rating_key}/{address}"
                children.append(Element("Image", {"alt": item.title, "type": kind, "url": url}))
    if "UltraBlurColors" not in exclusions.elements and item.selected_poster:
        children.append(_colours(item.selected_poster))
    return children


def _colours(sha1: str) -> Element:
    corners = ("topLeft", "topRight", "bottomRight", "bottomLeft")
    return Element(
        "UltraBlurColors", {name: sha1[6 * place : 6 * place + 6] for place, name in enumerate(corners)}
    )


def _media_attributes(item: PlexItem, version: Version) -> dict[str, Any]:
    return {
        "id": version.id,
        "duration": item.duration,
        "bitrate": 3250,
        "width": 1280,
        "height": 720,
        "aspectRatio": "1.78",
        "audioChannels": 2,
        "audioCodec": "aac",
        "videoCodec": "h264",
        "videoResolution": "720",
        "container": _ending(version.parts[0].file) if version.parts else None,
        "videoFrameRate": "NTSC",
        "videoProfile": "high",
        "hasVoiceActivity": False,
        "proxyType": 42 if version.made_for else None,
        "target": f"Optimized for {version.made_for}" if version.made_for else None,
    }


def _parts(item: PlexItem, version: Version, *, with_streams: bool) -> list[Element]:
    parts = []
    for part in version.parts:
        ending = _ending(part.file)
        attributes = {
            "id": part.id,
            "key": f"/library/parts/{part.id}/{item.added_at}/file.{ending}",
            "duration": item.duration,
            "file": part.file,
            "size": part.size,
            "deletedAt": part.deleted_at,
            "container": ending,
            "videoProfile": "high",
        }
        parts.append(Element("Part", attributes, _streams(part.id) if with_streams else []))
    return parts


def _streams(part_id: int) -> list[Element]:
    video = {"id": part_id * 10 + 1, "streamType": 1, "default": True, "codec": "h264", "index": 0}
    audio = {"id": part_id * 10 + 2, "streamType": 2, "selected": True, "codec": "aac", "index": 1}
    return [Element("Stream", video), Element("Stream", audio)]


def _ending(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _detailed_tag(name: str, tag: Tag, item: PlexItem) -> Element:
    attributes: dict[str, Any] = {"id": tag.id, "filter": f"{tag.kind}={tag.id}", "tag": tag.name}
    if name == "Role":
        attributes["tagKey"] = hashlib.md5(tag.name.encode("utf-8"), usedforsecurity=False).hexdigest()[:24]
        attributes["role"] = item.role_texts.get(tag.name.casefold()) or None
    if name in ("Role", "Director", "Writer", "Producer"):
        attributes["thumb"] = tag.thumb or None
    return Element(name, attributes)


# Lists of images and of collections


def images_container(item: PlexItem | Collection, kind: str, logo_folder: str) -> Element:
    """The images of one kind that an item has, the selected one marked."""
    selected = images_of(item, kind).selected
    names = image_names(item, kind, logo_folder)
    photos = [_photo(item, name, sha1 == selected) for sha1, name in names.items()]
    attributes = {
        "size": len(photos),
        "identifier": "com.plexapp.plugins.library",
        **_MEDIA_TAGS,
    }
    return Element("MediaContainer", attributes, photos)


def image_names(item: PlexItem | Collection, kind: str, logo_folder: str) -> dict[str, str]:
    """What the server calls each image of a kind, by the sha1 of its bytes."""
    automatic = item.automatic.get(kind)
    folder = _FOLDERS.get(kind, logo_folder)
    made = f"media://0/{item.rating_key:040x}.bundle/Contents/{_AUTOMATIC[kind]}"
    return {
        sha1: made if sha1 == automatic else f"upload://{folder}/{sha1}" for sha1 in images_of(item, kind).all
    }


def _photo(item: PlexItem | Collection, rating_key: str, selected: bool) -> Element:
    quoted = rating_key.replace(":", "%3A").replace("/", "%2F")
    address = f"/library/metadata/{item.rating_key}/file?url={quoted}"
    return Element(
        "Photo",
        {
            "key": address,
            "ratingKey": rating_key,
            "thumb": address,
            "selected": True if selected else None,
            "provider": "",
        },
    )


def listed_collection(collection: Collection) -> Element:
    """A collection as its section's listing shows it: like a listed item, without locks and labels."""
    return Element("Directory", _collection_attributes(collection))


def detailed_collection(library: PlexLibrary, collection: Collection) -> Element:
    """A collection as it is shown alone: its labels and locks too."""
    section = library.sections[collection.section_key]
    labels = [library.tag("label", name) for name in collection.labels]
    children = [
        Element("Label", {"id": tag.id, "filter": f"label={tag.id}", "tag": tag.name}) for tag in labels
    ]
    children += [Element("Field", {"locked": True, "name": name}) for name in sorted(collection.locked)]
    attributes = {
        **_collection_attributes(collection),
        "librarySectionTitle": section.title,
        "librarySectionID": section.key,
        "librarySectionKey": f"/library/sections/{section.key}",
    }
    return Element("Directory", attributes, children)


def _collection_attributes(collection: Collection) -> dict[str, Any]:
    key = collection.rating_key
    made = f"/library/collections/{key}/composite/{collection.updated_at}?width=400&height=600"
    shown = f"/library/metadata/{key}/thumb/{collection.poster_stamp}"
    return {
        "ratingKey": str(key),
        "key": f"/library/collections/{key}/children",
        "guid": f"collection://{key}",
        "type": "collection",
        "title": collection.title,
        "titleSort": collection.title_sort,
        "subtype": "movie",
        "contentRating": collection.content_rating or None,
        "summary": collection.summary,
        "smart": True if collection.is_smart else None,
        "thumb": shown if collection.selected_poster else made,
        "addedAt": collection.added_at,
        "updatedAt": collection.updated_at,
        "childCount": collection.child_count,
        # What was never set is not sent.
        "collectionSort": collection.sort or None,
        "collectionMode": None if collection.mode < 0 else collection.mode,
    }
