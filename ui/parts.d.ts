// What Stash gives to the page, and what the page's files give to each other.

type Apollo = typeof import("@apollo/client");
type ApolloClient = import("@apollo/client").ApolloClient<object>;
/** Its names are checked, its properties are not: no call of createElement fits the types that it has. */
type Bootstrap = Record<keyof typeof import("react-bootstrap"), any>;
type Icons = Omit<typeof import("@fortawesome/free-solid-svg-icons"), "prefix" | "fas">;
type LinkProperties = {
  to: string;
  className?: string;
  title?: string;
  "aria-label"?: string;
  "aria-current"?: "page" | undefined;
};
type Router = Pick<typeof import("react-router-dom"), "Prompt" | "useHistory" | "useLocation"> & {
  Link: View<LinkProperties>;
  NavLink: View<LinkProperties>;
};

/** As much of `window.PluginApi` as is used here. */
interface PluginApi {
  React: typeof React;
  libraries: {
    Apollo: Apollo;
    Bootstrap: Bootstrap;
    FontAwesomeSolid: Icons;
    ReactRouterDOM: Router;
  };
  register: { route(path: string, component: React.ComponentType): void };
  /** `before` gets the arguments and returns them all; `after` gets them and, last, the result. */
  patch: {
    before(name: string, change: (...given: any[]) => any[]): void;
    after(name: string, change: (...given: any[]) => React.ReactNode): void;
  };
  components: Record<string, React.ComponentType<any>>;
}

type View<Properties = {}> = (
  properties: Properties & { children?: React.ReactNode },
) => React.ReactElement | null;
type Drawn = React.ReactNode;

type Properties = Record<string, any>;

/** React.createElement, for views of the page, for what it takes from Stash's libraries, and for elements. */
interface CreateElement {
  <Of extends object>(
    view: (properties: Of) => React.ReactElement | null,
    properties?: (Omit<Of, "children"> & { key?: React.Key }) | null,
    ...children: any[]
  ): React.ReactElement;
  (
    name: string | React.ExoticComponent<any> | React.ComponentClass<any>,
    properties?: Properties | null,
    ...children: any[]
  ): React.ReactElement;
}

/** What was asked for: an answer, a problem, or neither yet. */
interface Answered<Result> {
  answer: Result | null;
  problem: ProblemInWords | null;
  isLoading: boolean;
  reload(): void;
}

/** What an action came to, in words. */
interface Told {
  text: string;
  problem?: ProblemInWords;
}

interface StashJob {
  id: string;
  status: "READY" | "RUNNING" | "STOPPING" | "FINISHED" | "CANCELLED" | "FAILED";
  description: string;
  /** From 0 to 1; null before the first news of it. */
  progress: number | null;
  addTime?: string | null;
  startTime: string | null;
  endTime: string | null;
  error: string | null;
}

/**
 * A job that is a task of this plugin; `since` is when the page first knew of it, in milliseconds, and
 * `isFromHere` whether the page started it.
 */
interface OurJob extends StashJob {
  task: string;
  since: number;
  isFromHere: boolean;
}

interface JobList {
  ours: OurJob[];
  others: StashJob[];
  /** Those of ours that are over, and whose outcome is not known yet. */
  ended: OurJob[];
}

/** `asked`: when Stash was asked, or told it, in milliseconds. */
type JobEvent =
  | { kind: "looked"; asked: number; jobs: StashJob[] }
  | { kind: "started"; asked: number; job: StashJob }
  | { kind: "news"; asked: number; type: "ADD" | "UPDATE" | "REMOVE"; job: StashJob }
  | { kind: "settled"; id: string };

interface LogEntry {
  time: string;
  level: "Trace" | "Debug" | "Info" | "Progress" | "Warning" | "Error";
  message: string;
}

interface LogLine {
  level: LogEntry["level"];
  text: string;
  isFailure: boolean;
}

interface Outcome {
  task: string;
  isCancelled: boolean;
  failure: string | null;
  /** Whether Stash could be asked how it ended. */
  isKnown: boolean;
  lines: LogLine[];
}

interface Jobs extends JobList {
  /** The task that Stash is being asked to run. */
  starting: string | null;
  lines: LogLine[];
  outcome: Outcome | null;
  run(task: string, args?: object): Promise<void>;
  cancel(id: string): Promise<void>;
  dismiss(): void;
}

interface Column<Row> {
  title: string;
  width?: "wide" | "slim" | "actions";
  cell(row: Row): Drawn;
}

interface FilterValue {
  value: string;
  title: string;
  count?: number;
}

/** A filter of a list: its name in the address and in the operation, and the value that is left out there. */
interface ListFilter<List> {
  name: string;
  label: string;
  usual: string;
  /** Other filters that mean something else when this one changes. */
  resets?: string[];
  /** One of many, so shown as a list to choose from. */
  isLong?: boolean;
  /** Nothing where there is nothing to choose. */
  values(list: List): FilterValue[];
}

interface ListState<List> {
  answered: Answered<List>;
  search: string;
  /** Each filter's value, by its name. */
  chosen: Record<string, string>;
  setPage(page: number): void;
  setSearch(text: string): void;
  setChosen(filter: ListFilter<any>, value: string): void;
}

interface Ticks<Row> {
  name: string;
  titleOf(row: Row): string;
  has(id: number): boolean;
  /** Whether all are ticked that fit the filter, on all pages. */
  isAll: boolean;
  ids: number[];
  areAllOnPage: boolean;
  set(id: number, isOn: boolean): void;
  setPage(isOn: boolean): void;
  setAll(): void;
  clear(): void;
}

/** Something that can be done with rows. With a question it is asked first whether it is meant. */
interface ListAction<Name extends keyof Operations = any> {
  title: string;
  icon: keyof Icons;
  operation: Name;
  parameters?: Partial<Operations[Name]["parameters"]>;
  isFor?(row: any): boolean;
  question?(number: number): string;
  toWords(result: Operations[Name]["result"]): string;
}

interface ShownList extends ListState<any> {
  ticks: Ticks<any>;
  actions: ListAction[];
  toChosen(ids: number[] | "all", list: ListState<any>): Chosen;
}

interface SceneListProperties {
  operation: "gaps" | "preview" | "queue" | "orphans";
  label: string;
  filters: ListFilter<any>[];
  columns: Column<any>[] | ((list: ListState<any>) => Column<any>[]);
  actions: ListAction[] | ((list: ListState<any>) => ListAction[]);
  idOf(row: any): number;
  toChosen(ids: number[] | "all", list: ListState<any>): Chosen;
  above(list: any): Drawn;
  empty(list: any, chosen: Record<string, string>): string;
}

interface ControlProperties {
  id: string;
  setting: Setting;
  value: SettingValue;
  isInvalid: boolean;
  /** Told the new value; null unsets, and undefined leaves what is stored. */
  onChange(value: SettingValue | undefined): void;
}

/** How Plex is reached, as it stands in the set-up. */
interface Connection {
  way: "sign_in" | "by_hand";
  address: string;
  token: string;
  isSignedIn: boolean;
}

interface TestState {
  /** What was tested last, or is being tested; and what it became when it was saved. */
  tested: NotYetSaved[];
  findings: Finding[] | null;
  problem: ProblemInWords | null;
  isTesting: boolean;
}

type ReportName = keyof Status["reports"];
type StoredSave = { settings: SettingValues; use_sign_in: boolean };

interface Parts {
  stash: {
    React: typeof React;
    h: CreateElement;
    Apollo: Apollo;
    Bootstrap: Bootstrap;
    icons: Icons;
    Router: Router;
    api: PluginApi;
    /** Whether this Stash's PluginApi has what stands there under this name with dots. */
    has(name: string): boolean;
  };
  guard: {
    /** What is drawn; should that fail, what `instead` makes of the reason (nothing, where it is left out). */
    guarded(drawn: Drawn, instead?: (reason: string) => Drawn, key?: string): React.ReactElement;
  };
  words: {
    count(number: number | null): string;
    countOf(number: number | null, one: string, many?: string): string;
    /** Both in seconds since the epoch. */
    relative(at: number, now: number): string;
    exact(at: number): string;
    shortened(text: string, limit: number): string;
    valueInWords(value: FieldValue | undefined): string;
  };
  address: {
    PAGE: string;
    ofTab(tab: string, more?: Record<string, string>): string;
    /** Of a path that begins at Stash's root. */
    ofFile(path: string): string;
    /** The address, if it is one of the web. */
    outside(address: string | null | undefined): string | null;
    useAddress(): {
      get(name: string): string;
      set(values: Record<string, string>, isTyping?: boolean): void;
    };
  };
  display: {
    Icon: View<{ name: keyof Icons }>;
    Text: View<{ text: string | null | undefined; limit?: number }>;
    Time: View<{ at: Moment; never?: string }>;
    Cover: View<{ path: string | null }>;
    Outside: View<{ to: string; className?: string; title?: string }>;
    /** `part` is from 0 to 1; null where it is not known. */
    Progress: View<{ label: string; part: number | null; isMoving?: boolean }>;
    Loading: View<{ what: string }>;
    Empty: View;
    /** What starts a task, where tasks are followed. */
    TaskButton: React.Context<View<{ task: string }> | null>;
    Cures: View<{ problem: ProblemInWords }>;
    ProblemView: View<{ problem: ProblemInWords; onRetry?: () => void }>;
    /** Its child is a function that draws the answer. */
    Answered(properties: {
      of: Answered<any>;
      what: string;
      children: (answer: any) => Drawn;
    }): React.ReactElement;
    /** What a control calls when somebody typed: with the text; or ticked: with whether it is ticked. */
    onTyped(tell: (text: string) => void): (event: React.ChangeEvent<HTMLInputElement>) => void;
    onTicked(tell: (isOn: boolean) => void): (event: React.ChangeEvent<HTMLInputElement>) => void;
  };
  results: {
    Context: React.Context<{ generation: number; refresh(): void; tell(told: Told): void }>;
    Results: View<{ scope?: string }>;
  };
  operations: {
    PLUGIN: string;
    inWords(text: string): ProblemInWords;
    problemOf(thrown: unknown): ProblemInWords;
    /** Throws a ProblemInWords. */
    call<Name extends keyof Operations>(
      client: ApolloClient,
      name: Name,
      parameters: Operations[Name]["parameters"],
    ): Promise<Operations[Name]["result"]>;
    /**
     * Asked anew when the parameters change, and after every action and task unless the answer `isLasting`;
     * not asked at all while it is not wanted.
     */
    useAnswer<Name extends keyof Operations>(
      name: Name,
      parameters: Operations[Name]["parameters"],
      how?: { isWanted?: boolean; isLasting?: boolean },
    ): Answered<Operations[Name]["result"]>;
    /** `act` tells what came of it, and returns null where nothing did. */
    useAct(): {
      act<Name extends keyof Operations>(
        name: Name,
        parameters: Operations[Name]["parameters"],
        toWords: (result: Operations[Name]["result"]) => string | ProblemInWords,
      ): Promise<Operations[Name]["result"] | null>;
      isBusy: boolean;
    };
  };
  jobList: {
    /** Those that the overview has a button for: the others have a place of their own, or are seldom wanted. */
    MAIN_TASKS: string[];
    /** For those it has one where anything is to come from Plex. */
    BACK_TASKS: string[];
    MOST_LINES: number;
    EMPTY: JobList;
    next(list: JobList, event: JobEvent): JobList;
    /** What the plugin logged in that time (milliseconds), in the order of the entries. */
    linesOf(entries: LogEntry[], from: number, until: number): LogLine[];
    outcomeOf(job: OurJob, found: StashJob | null, lines: LogLine[]): Outcome;
    howItEnded(outcome: Outcome): string;
  };
  jobs: {
    Context: React.Context<Jobs | null>;
    WithJobs: View;
  };
  jobPanel: { JobPanel: View };
  status: {
    Context: React.Context<Answered<Status>>;
    /** Asks only where a tab shows it. */
    WithStatus: View<{ isWanted: boolean }>;
  };
  tasks: {
    RunTask: View<{ task: string; title?: string; variant?: string; size?: "sm" | "lg" | undefined }>;
    Found: View<{ at: Moment; task: string; verb: string; report?: ReportName }>;
    ReportLink: View<{ report: ReportName }>;
  };
  table: {
    Table: View<{
      label: string;
      columns: Column<any>[];
      rows: any[];
      idOf: (row: any) => number;
      ticks?: Ticks<any>;
    }>;
    Pager: View<{ list: Paged<any>; onPage: (page: number) => void }>;
    SceneCell: View<{ row: SceneRow }>;
    /** Links to the row's scene in Stash and to its item in Plex. */
    Open: View<{ row: { scene_id?: number | null; plex_address?: string | null } }>;
  };
  listState: {
    useDebounced<Value>(value: Value, milliseconds?: number): Value;
    useList(operation: SceneListProperties["operation"], filters: ListFilter<any>[]): ListState<any>;
    useTicks(
      name: string,
      rows: any[],
      idOf: (row: any) => number,
      titleOf: (row: any) => string,
      /** What is ticked is forgotten when this changes. */
      scope: string,
    ): Ticks<any>;
  };
  sceneActions: {
    SYNC_NOW: ListAction<"sync_now">;
    RETRY: ListAction<"retry">;
    ignore(what: string): ListAction<"ignore">;
    stopIgnoring(what: string): ListAction<"ignore">;
    remove(state: QueueState): ListAction<"clear">;
  };
  sceneList: { SceneList: View<SceneListProperties> };
  nextStep: { NextStep: View<{ step: Status["next_step"] }> };
  servers: { Servers: View<{ isSetUp: boolean }> };
  settingControls: {
    SettingField: View<{
      setting: Setting;
      value: SettingValue;
      problem: string | undefined;
      warning: string | undefined;
      onChange: ControlProperties["onChange"];
    }>;
    Pairs: View<{
      id: string;
      sides: [string, string];
      pairs: SettingPair[];
      onChange: (pairs: SettingPair[]) => void;
    }>;
  };
  plexServer: {
    PlexServer: View<{
      connection: Connection;
      stored: Map<string, Setting>;
      onChange: (change: Partial<Connection>) => void;
      /** Told the address of a server of the account that was signed in to; empty where none answers. */
      onChoose: (address: string) => void;
    }>;
    asNotYetSaved(connection: Connection): NotYetSaved;
  };
  setUpTest: {
    NOT_TESTED: TestState;
    useTest(): {
      state: TestState;
      test(tested: NotYetSaved): Promise<void>;
      /** What was found holds for this too: it was saved. */
      keepFor(tested: NotYetSaved): void;
    };
    Findings: View<{ findings: Finding[] }>;
  };
  signIn: { SignIn: View<{ chosen: string; onChoose: (address: string) => void }> };
  folders: {
    Folders: View<{
      notYetSaved: NotYetSaved;
      pairs: SettingPair[] | null;
      onChange: (pairs: SettingPair[]) => void;
    }>;
  };
  overview: { Tab: View };
  setUp: { Tab: View };
  settings: {
    Tab: View;
    useSave(): { save(parameters: StoredSave): Promise<boolean>; isBusy: boolean };
  };
  gaps: { Tab: View };
  preview: { Tab: View };
  queue: { Tab: View };
  orphans: { Tab: View };
  scene: { Tab: View<{ sceneId: number }> };
  shell: { Page: View };
  /** Changes to the arguments of what Stash draws, and to what it has drawn. */
  inStash: {
    barItem(...given: any[]): any[];
    sceneTab(...given: any[]): any[];
    sceneTabContent(...given: any[]): any[];
    tool(...given: any[]): any[];
    settingsInOrder(...given: any[]): any[];
    settingsWithLink(...given: any[]): Drawn;
  };
  registered: Record<string, never>;
}

interface Stash2PlexInWindow {
  define<Name extends keyof Parts>(name: Name, make: (parts: Parts) => Parts[Name]): void;
}

interface Window {
  PluginApi: PluginApi;
  Stash2Plex: Stash2PlexInWindow;
}

declare const Stash2Plex: Stash2PlexInWindow;
