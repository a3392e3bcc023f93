// What the plugin answers to each operation (docs/operations.md), and what is sent with it.

/** Seconds since the epoch, UTC; null where it never happened. */
type Moment = number | null;

interface ProblemInWords {
  text: string;
  setting: string | null;
  scene_id: number | null;
  /** The task that cures it. */
  task?: string | null;
}

/** A list of which one page is told: `page` of `pages`, counted from 1. */
interface Paged<Row> {
  total: number;
  page: number;
  pages: number;
  rows: Row[];
}

type NextStepKind =
  "set_up" | "fix_settings" | "reconcile" | "process_queue" | "look_at_failed" | "wait" | "nothing";

/** Numbers of scenes; null where no reconcile has counted them yet. */
interface SceneCounts {
  total: number | null;
  in_sync: number | null;
  waiting: number | null;
  due_later: number | null;
  failed: number | null;
  missing: number | null;
  empty: number | null;
  stale: number | null;
  ambiguous: number | null;
  unknown: number | null;
  left_out: number | null;
  without_file: number | null;
  ignored: number | null;
  gaps: number | null;
}

type DrainState = "running" | "requested" | "by hand" | "idle";

interface Status {
  is_set_up: boolean;
  problems: ProblemInWords[];
  scenes: SceneCounts;
  counted_at: Moment;
  last_reconcile: { at: number; what: string } | null;
  last_drain: { at: number; what: string } | null;
  next_reconcile: { at: Moment; what: string };
  drain: DrainState;
  drain_words: string;
  outage_since: Moment;
  is_memory_whole: boolean;
  preview_at: Moment;
  orphans_at: Moment;
  orphans: number | null;
  /** `note`: why there are none that Stash serves. */
  reports: { preview: string | null; orphans: string | null; note: string | null };
  next_step: { kind: NextStepKind; text: string };
  /** Whether anything is to come from Plex to Stash. */
  brings_back: boolean;
}

interface Servers {
  stash: { name: string; version: string; address: string };
  plex: {
    name: string;
    version: string;
    address: string;
    is_owner: boolean | null;
    machine_identifier: string;
  } | null;
  problem: ProblemInWords | null;
  libraries: { key: number; title: string; items: number; is_chosen: boolean; in_sync: number | null }[];
}

/** A pair of a setting: a folder in Stash and in Plex, or a tag's name and its new one. */
type SettingPair = [string, string];

/** By kind: text, secret (always null), choice: text · switch: boolean · number · names, choices: texts · pairs. */
type SettingValue = string | boolean | number | string[] | SettingPair[] | null;

/** By key; null unsets. */
type SettingValues = Record<string, SettingValue>;

interface Setting {
  key: string;
  name: string;
  description: string;
  example: string;
  kind: "text" | "secret" | "switch" | "choice" | "choices" | "number" | "pairs" | "names";
  choices: string[];
  least: number | null;
  most: number | null;
  default: SettingValue;
  /** The default, to stand after the word “Default”; empty for what is required. */
  default_words: string;
  value: SettingValue;
  is_set: boolean;
  problem: string | null;
  is_required: boolean;
}

interface Settings {
  groups: { title: string; settings: Setting[] }[];
}

interface NotYetSaved {
  settings?: SettingValues;
  use_sign_in?: boolean;
}

interface Finding {
  level: "info" | "warning" | "error";
  text: string;
  setting: string | null;
}

interface Library {
  key: number;
  title: string;
  type: string;
  is_for_movies: boolean;
  /** Null where nothing can be written to it. */
  items: number | null;
  locations: string[];
  is_chosen: boolean;
}

interface FolderPair {
  stash: string;
  plex: string;
}

interface Sample {
  scene_id: number;
  title: string;
  file: string;
  cover: string;
  level: string;
  level_words: string;
  plex_path_looked_for: string;
  item: { rating_key: number; title: string; file: string; library: string } | null;
}

interface PathMap {
  stash_folders: string[];
  plex_folders: string[];
  pairs: FolderPair[];
  suggested: FolderPair[];
  samples: Sample[];
}

interface AccountServer {
  name: string;
  version: string;
  is_owned: boolean;
  addresses: { address: string; is_local: boolean; is_secure: boolean; answers: boolean }[];
}

interface SignIn {
  is_signed_in: boolean;
  is_expired: boolean;
  account: string | null;
  servers: AccountServer[];
}

/** What every row of a list of scenes has. */
interface SceneRow {
  scene_id: number | null;
  title: string;
  file: string;
  cover: string | null;
}

/** The kinds of which a gap is, and those in which there is nothing to do. */
type GapKind = "missing" | "empty" | "stale" | "ambiguous" | "unknown";
type KindOfScene = GapKind | "left_out" | "without_file" | "ignored";

interface GapRow extends SceneRow {
  plex_address: string | null;
  kind: KindOfScene;
  reason: string;
  cure: string;
  rating_key: number | null;
  state: "waiting" | "later" | "failed" | null;
  is_ignored: boolean;
}

interface Gaps extends Paged<GapRow> {
  found_at: Moment;
  counts: Record<GapKind, number>;
}

type FieldValue = string | number | string[] | null;

interface Change {
  field: string;
  title: string;
  old: FieldValue;
  new: FieldValue;
}

/** A collection has no scene, and only an item has a rating key. */
interface PreviewRow extends SceneRow {
  plex_address: string | null;
  rating_key: number | null;
  changes: Change[];
}

type PreviewKind = "items" | "collections" | "back";

interface Preview extends Paged<PreviewRow> {
  kind: PreviewKind;
  made_at: Moment;
  items: number;
  /** The lists that the settings want. */
  kinds: { kind: PreviewKind; title: string; count: number }[];
  fields: { field: string; title: string; count: number }[];
  /** What the log says beside what the rows say. */
  said: string[];
}

type QueueState = "waiting" | "later" | "failed";

interface QueueRow extends SceneRow {
  /** The scene's id; negative for a job about no single scene. */
  key: number;
  entity: { type: string; id: number } | null;
  reason: string;
  cure: string;
  since: Moment;
  due_at: Moment;
  attempts: number;
}

interface Queue extends Paged<QueueRow> {
  counts: Record<QueueState, number>;
}

interface OrphanRow {
  rating_key: number;
  title: string;
  file: string;
  library: string;
  is_uncertain: boolean;
  is_ignored: boolean;
  plex_address: string | null;
}

type OrphanKind = "all" | "orphans" | "uncertain" | "ignored";

interface Orphans extends Paged<OrphanRow> {
  found_at: Moment;
  libraries: { key: string; title: string; items: number; orphans: number; uncertain: number }[];
}

interface FieldInBoth {
  field: string;
  title: string;
  stash: FieldValue;
  plex: FieldValue;
  pushed: FieldValue;
  is_locked: boolean;
  winner: "stash" | "plex" | "same" | "left alone";
  words: string;
  will_write: boolean;
}

interface ItemOfScene {
  rating_key: number;
  title: string;
  library: string;
  file: string;
  level: string;
  level_words: string;
  is_opted_out: boolean;
  plex_address: string | null;
  fields: FieldInBoth[];
}

interface SceneInPlex {
  scene_id: number;
  title: string;
  is_ignored: boolean;
  is_left_out: boolean;
  queue: { state: QueueState; reason: string; due_at: Moment } | null;
  reason: string | null;
  cure: string | null;
  items: ItemOfScene[];
}

type ListName = "gaps" | "preview" | "failed" | "later" | "waiting" | "orphans";

/** Which rows an action is for: those named, or all of a list that fit its filter. */
interface Chosen {
  scenes?: number[] | "all";
  rating_keys?: number[] | "all";
  list?: ListName;
  kind?: string;
  field?: string | null;
  library?: string | null;
  search?: string;
}

interface ListParameters {
  page: number;
  search: string;
}

interface Operation<Parameters, Result> {
  parameters: Parameters;
  result: Result;
}

type Nothing = Record<string, never>;

/** Every operation by its name. */
interface Operations {
  version: Operation<Nothing, { plugin: string; operations: number }>;
  status: Operation<Nothing, Status>;
  servers: Operation<Nothing, Servers>;
  settings: Operation<Nothing, Settings>;
  check_settings: Operation<
    { settings: SettingValues },
    { problems: Record<string, string>; warnings: Record<string, string> }
  >;
  save_settings: Operation<
    { settings: SettingValues; use_sign_in: boolean },
    { problems: Record<string, string>; is_saved: boolean }
  >;
  check_setup: Operation<NotYetSaved, { findings: Finding[] }>;
  libraries: Operation<NotYetSaved, { libraries: Library[] }>;
  path_map: Operation<NotYetSaved, PathMap>;
  sign_in_begin: Operation<Nothing, { address: string; sign_in: string }>;
  sign_in_wait: Operation<{ sign_in: string }, SignIn>;
  gaps: Operation<ListParameters & { kind: KindOfScene | "all" }, Gaps>;
  preview: Operation<ListParameters & { kind: PreviewKind; field: string | null }, Preview>;
  queue: Operation<ListParameters & { state: QueueState }, Queue>;
  orphans: Operation<ListParameters & { library: string | null; kind: OrphanKind }, Orphans>;
  scene: Operation<{ scene_id: number }, SceneInPlex>;
  sync_now: Operation<Chosen, { queued: number; drain: DrainState; drain_words: string }>;
  retry: Operation<Chosen, { queued: number; drain: DrainState; drain_words: string }>;
  clear: Operation<Chosen & { state: QueueState }, { removed: number }>;
  ignore: Operation<Chosen & { is_ignored: boolean }, { changed: number }>;
}
