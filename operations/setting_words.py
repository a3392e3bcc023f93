"""What the page says of each setting, in the groups of docs/settings.md: the manifest's words, in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """What a setting is for; its default, unless it is required; an example, unless it is a switch."""

    what: str
    default: str = ""
    example: str = ""

    @property
    def description(self) -> str:
        """As Stash shows them."""
        parts = [self.what] if self.default else ["Required.", self.what]
        parts += [f"Default {self.default}."] if self.default else []
        parts += [f"Example {self.example}"] if self.example else []
        return " ".join(parts)


GROUPS: Mapping[str, Mapping[str, Words]] = {
    "Connection": {
        "plex_url": Words(
            "The address at which Stash can reach your Plex server.", example="http://192.168.1.10:32400"
        ),
        "plex_token": Words(
            "The token of the server's owner. In Plex Web open any item and choose … → Get Info → View XML. "
            "The page's address ends with X-Plex-Token= and the token.",
            example="AbC1dEf2GhI3jKl4MnO5",
        ),
        "plex_library": Words(
            "The movie libraries to write to, separated by commas. Put a name that contains a comma in "
            '"quotes".',
            "is all movie libraries",
            "Films, Clips",
        ),
        "path_map": Words(
            "Where Plex has Stash's folders, in pairs separated by semicolons.",
            "is the same paths in both",
            "/data=>/media; /mnt/b=>/b",
        ),
        "plex_accept_any_certificate": Words(
            "For a Plex address with https and your own certificate.", "off, certificates are checked"
        ),
    },
    "What is written": {
        "scene_filter": Words(
            "The name of a filter of scenes saved in Stash. Only its scenes are carried to Plex; the others "
            "are left there as they are.",
            "none, all scenes",
            "For the television",
        ),
        "organized_only": Words("Only scenes marked as organized in Stash are carried to Plex.", "off"),
        "leave_fields": Words(
            "Fields in Plex that are never written, separated by commas.",
            "none",
            "sort title, collections, background",
        ),
        "opt_out_label": Words("Items in Plex with this label are never written to.", "none", "keep-as-is"),
        "title_template": Words(
            "A scene's title in Plex. What stands in braces is put in; a part in square brackets vanishes "
            "where it names something that is empty.",
            "{title}",
            "[{title}[ ({year})]]",
        ),
        "summary_template": Words(
            "The summary in Plex, with the same names as the title template; \\n is a line break.",
            "{details}",
            "{details}[\\n{url}]",
        ),
        "date_added": Words(
            "The date added in Plex, by which it sorts what it shows as recently added, one of none, "
            "created, date: when the scene was made in Stash, or the scene's own date.",
            "none",
            "created",
        ),
        "content_rating": Words("The content rating for every item that belongs to a scene.", "none", "XXX"),
        "collection_prefix": Words(
            "Put before the name of every collection that is written.", "none", '"Stash - "'
        ),
        "parent_studio_collection": Words(
            "Also put items into a collection named after their studio's parent.", "off"
        ),
        "collection_details": Words(
            "Give the collections of groups and studios their picture and their text in Stash, and those of "
            "groups the order of their scenes. What somebody entered or chose in Plex stays.",
            "off",
        ),
        "namesakes_everywhere": Words(
            "Tell performers who share a name apart in every scene, as in Ada Heath (dancer), and not only "
            "where two of them meet.",
            "off",
        ),
        "actor_order": Words(
            "The order of actors in Plex, where Plex keeps one, one of name, stash: by name, or as Stash's "
            "page shows them, by gender and then by name.",
            "name",
            "stash",
        ),
        "background_from_cover": Words("Also use a scene's cover as the background in Plex.", "off"),
        "studio_logo": Words(
            "Also use the picture of a scene's studio as the logo in Plex, where Plex knows logos.", "off"
        ),
        "performer_image_address": Words(
            "The address at which Plex and its players reach Stash, to show pictures of actors. Works only "
            "if Stash asks for no login.",
            "none, no pictures",
            "http://192.168.1.10:9999",
        ),
    },
    "Tags": {
        "tags_as": Words(
            "What Stash's tags become in Plex, one of genres, labels, collections.", "genres", "labels"
        ),
        "tags_include": Words(
            "The only tags that are carried over, separated by commas. Put a name that contains a comma in "
            '"quotes".',
            "all tags",
            "Sea, Boats",
        ),
        "tags_exclude": Words(
            "Tags that are not carried over, separated by commas. Put a name that contains a comma in "
            '"quotes".',
            "none",
            "To do, Duplicate",
        ),
        "tags_rename": Words(
            "New names for tags in Plex, in pairs separated by semicolons. Put a name that contains a "
            'semicolon in "quotes".',
            "none",
            "Sci Fi=>Science Fiction; B/W=>Black and White",
        ),
        "performer_tags": Words("Also carry over the tags of a scene's performers, as its own.", "off"),
    },
    "Edits in Plex": {
        "preserve_plex_edits": Words(
            "What somebody entered in Plex (Plex marks it as locked) stays, even where Stash has something "
            "else.",
            "off",
        ),
    },
    "Back to Stash": {
        "back_to_stash": Words(
            "What comes from Plex to Stash, separated by commas, any of ratings, plays, resume. Nothing else "
            "that the plugin does changes anything in Stash.",
            "none",
            "ratings, plays",
        ),
    },
    "Running": {
        "manual_drain": Words(
            "Process Queue no longer runs by itself after an edit or a scheduled reconcile; you run it. A "
            "change takes effect when Check Setup, a reconcile or Process Queue runs.",
            "off",
        ),
        "plex_holds_a_part": Words(
            "For a Plex that holds only some of your files. Scenes that are not in Plex are counted, but not "
            "looked for again.",
            "off",
        ),
        "plex_scan_missing": Words("Ask Plex to scan the folder of a file it does not have yet.", "off"),
        "parallel_writes": Words(
            "How many items are written to Plex at once, 1 to 4. More than one gains little and can disturb "
            "people who are watching.",
            "1",
            "2",
        ),
        "recent_days": Words("How many days back Reconcile Library (Recent) looks, 1 to 365.", "1", "7"),
        "reconcile_every": Words(
            "How often a reconcile runs by itself, one of never, hourly, daily, weekly. It starts after "
            "another task has ended, such as the one that follows an edit.",
            "weekly",
            "never",
        ),
        "reconcile_scope": Words(
            "Which scenes the scheduled reconcile compares, all or recent. A late one of recent scenes looks "
            "back as far as the one before it.",
            "all",
            "recent",
        ),
    },
}
