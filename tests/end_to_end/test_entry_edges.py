"""Promises about damage, other servers and blank data that the entry survives."""

from __future__ import annotations

from tests.servers.world import TOKEN, World, log_text

ALL = "Reconcile Library (All)"


def test_a_data_folder_that_cannot_be_used_is_not_called_a_fault_of_the_plugin(world: World) -> None:
    world.data_dir.write_text("a file where the folder should be")
    result = world.stash.run_task(ALL)
    assert result.exit_status == 1
    assert "STASH2PLEX_DATA_DIR" in log_text(result, "error")
    assert "fault in Stash2Plex" not in log_text(result, "error")


def test_a_token_with_spaces_around_it_is_not_repeated(world: World) -> None:
    world.settings.update(plex_token=f" {TOKEN} ", plex_library=TOKEN)
    result = world.stash.run_task(ALL)
    assert TOKEN not in log_text(result) + result.stdout.decode()


def test_a_token_that_stash_stored_as_a_number_is_not_repeated(world: World) -> None:
    world.plex.token = "12345678901234567890"
    world.settings.update(plex_token=12345678901234567890, plex_library="12345678901234567890")
    result = world.stash.run_task(ALL)
    assert world.plex.token not in log_text(result) + result.stdout.decode()
