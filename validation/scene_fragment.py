"""What Stash is asked about a scene: the same for everybody, and more where a setting needs it."""

from __future__ import annotations

from collections.abc import Collection

from validation.config import Stash2PlexConfig
from validation.template import Template

# What a setting may need besides; Stash asks its database once more for each performer's picture and
# tags, and for the URLs of each scene.
CODE, URLS, CREATED = "code", "urls", "created_at"
PICTURES, PERFORMER_TAGS, GENDERS = "pictures of performers", "tags of performers", "genders"
LOGOS = "pictures of studios"
# No field of a scene, but who of all performers shares a name.
NAMESAKES = "namesakes"
EVERYTHING = frozenset((CODE, URLS, CREATED, PICTURES, PERFORMER_TAGS, GENDERS, LOGOS, NAMESAKES))
_OF_A_PERFORMER = {PICTURES: "image_path", PERFORMER_TAGS: "tags { name }", GENDERS: "gender"}


def scene_fragment(more: Collection[str] = ()) -> str:
    """The fragment `SceneForPlex` of a GraphQL document, with these of EVERYTHING."""
    of_scene = " ".join(("", *(name for name in (CODE, URLS, CREATED) if name in more)))
    of_studio = " image_path" if LOGOS in more else ""
    of_performer = " ".join(("", *(text for name, text in _OF_A_PERFORMER.items() if name in more)))
    return f"""
fragment SceneForPlex on Scene {{
  id title details date director rating100 updated_at{of_scene.rstrip()}
  files {{ path size }}
  paths {{ screenshot }}
  studio {{ name{of_studio} parent_studio {{ name }} }}
  performers {{ name disambiguation{of_performer.rstrip()} }}
  tags {{ name }}
  groups {{ group {{ name }} }}
}}
"""


def needed_by(config: Stash2PlexConfig) -> frozenset[str]:
    """What of EVERYTHING these settings need."""
    named = Template(config.title_template).names | Template(config.summary_template).names
    wanted = {
        CODE: "code" in named,
        URLS: "url" in named,
        CREATED: config.date_added == "created",
        NAMESAKES: config.namesakes_everywhere,
        GENDERS: config.actor_order == "stash",
        PERFORMER_TAGS: config.performer_tags,
        PICTURES: bool(config.performer_image_address),
        LOGOS: config.studio_logo,
    }
    return frozenset(name for name, is_wanted in wanted.items() if is_wanted)
