/**
 * Every door of ingest: what a request for somebody's things looks like at each route, and what opens it. walls.test.ts walks them all; a route
 * without a door here fails it. A route that answers several families of paths has one door for each (`GET /symbols/… debuginfod`).
 */
import { createHash, randomUUID } from "node:crypto";
import { type TokenScope, tokenScope } from "@salvage/contracts";

/** What a request may name. Ids of rows that are there, or the like that name nothing. */
export type Things = {
  organization: string;
  project: string;
  projectId: string;
  crashId: string;
  attachmentId: string;
  uploadId: string;
  missingFileId: string;
  resumableId: string;
  transferId: string;
  symbolUploadId: string;
  debugFileId: string;
  /** Debug file with a name, a debug id and a build id. */
  fileName: string;
  debugId: string;
  buildId: string;
};

/** A request but for who asks. */
export type Ask = {
  path(things: Things, secret: string): string;
  body?: () => NonNullable<RequestInit["body"]>;
  headers?: Record<string, string>;
};

export type Door = Ask & { route: string } & (
    | {
        by: "token";
        /** Any one of them is enough. */
        scopes: readonly TokenScope[];
        /** "rows": a foreign id is absent. "nothing": it speaks of the token's own organization. */
        names: "rows" | "nothing";
        /** Tecken's scripts know 403 alone. */
        unauthorized?: number;
        /** The token stands in the path. */
        inPath?: true;
      }
    | {
        by: "key";
        /** Whether the address names the project that the key must be of; else the key names it. */
        project: "named" | "of the key";
        /** It names a row below the project. */
        names: "rows" | "nothing";
        carry?: (key: string) => Record<string, string>;
      }
    | { by: "open"; why: string }
  );

const all = tokenScope.options;
const json = (value: unknown): Pick<Ask, "body" | "headers"> => ({
  body: () => JSON.stringify(value),
  headers: { "Content-Type": "application/json" },
});
const form = (field: string, content: () => string, name: (content: string) => string): Pick<Ask, "body"> => ({
  body: () => {
    const made = new FormData();
    const text = content();
    made.append(field, new Blob([text]), name(text));
    return made;
  },
});
const symbols = () =>
  `MODULE Linux x86_64 ${randomUUID().replaceAll("-", "").toUpperCase()}0 app\nFUNC 1000 10 0 main\n1000 10 1 0\nFILE 0 a.c\n`;
const symbolForm = form("symbol_file", symbols, () => "app.sym");

type TokenOptions = Partial<Omit<Extract<Door, { by: "token" }>, "by" | "route" | "scopes" | "path">>;
const token = (route: string, scopes: TokenScope | readonly TokenScope[], path: Ask["path"], more: TokenOptions = {}): Door => ({
  ...{ route, by: "token", path, names: "rows" },
  scopes: typeof scopes === "string" ? [scopes] : scopes,
  ...more,
});
const write = "debug-file:write";
const read = "debug-file:read";
const files = [read, write] as const;

const v1: readonly Door[] = [
  token("GET /api/v1/crashes/:crash", "crash:read", ({ crashId }) => `/api/v1/crashes/${crashId}`),
  token("GET /api/v1/crashes/:crash/dump", "dump:download", ({ crashId }) => `/api/v1/crashes/${crashId}/dump`),
  token(
    "GET /api/v1/crashes/:crash/attachments/:attachment",
    "dump:download",
    ({ crashId, attachmentId }) => `/api/v1/crashes/${crashId}/attachments/${attachmentId}`,
  ),
  token("GET /api/v1/projects/:project/crashes", "crash:read", ({ project }) => `/api/v1/projects/${project}/crashes`),
  token("GET /api/v1/projects/:project/missing-files", "crash:read", ({ project }) => `/api/v1/projects/${project}/missing-files`),
  token(
    "POST /api/v1/projects/:project/missing-files/ignore",
    "crash:write",
    ({ project }) => `/api/v1/projects/${project}/missing-files/ignore`,
    json({ pattern: "nothing*" }),
  ),
  token("GET /api/v1/uploads/:upload", files, ({ uploadId }) => `/api/v1/uploads/${uploadId}`),
  token("GET /api/v1/organizations/:organization", "project:read", ({ organization }) => `/api/v1/organizations/${organization}`),
  token(
    "POST /api/v1/organizations/:organization/debug-files",
    write,
    ({ organization, project }) => `/api/v1/organizations/${organization}/debug-files?name=a.sym&project=${project}`,
    { body: symbols },
  ),
  token(
    "POST /api/v1/organizations/:organization/debug-files/assemble",
    write,
    ({ organization }) => `/api/v1/organizations/${organization}/debug-files/assemble`,
    json({ name: "z", sha256: "0".repeat(64), chunks: ["0".repeat(40)] }),
  ),
  token(
    "POST /api/v1/organizations/:organization/debug-files/held",
    files,
    ({ organization }) => `/api/v1/organizations/${organization}/debug-files/held`,
    json({ files: [] }),
  ),
  token(
    "POST /api/v1/organizations/:organization/debug-files/coverage",
    files,
    ({ organization }) => `/api/v1/organizations/${organization}/debug-files/coverage`,
    json({ images: [] }),
  ),
  token("GET /api/v1/token", all, () => "/api/v1/token", { names: "nothing" }),
];

const symbolServer: readonly Door[] = (
  [
    ["Breakpad", ({ fileName, debugId }) => `${fileName}/${debugId}/${fileName}.sym`],
    ["symstore", ({ fileName, buildId }) => `${fileName}/elf-buildid-${buildId}/${fileName}`],
    ["symstore, two levels", ({ fileName, buildId }) => `${fileName.slice(0, 2)}/${fileName}/elf-buildid-${buildId}/${fileName}`],
    ["debuginfod", ({ buildId }) => `buildid/${buildId}/debuginfo`],
    ["debuginfod, executable", ({ buildId }) => `buildid/${buildId}/executable`],
    ["debuginfod, section", ({ buildId }) => `buildid/${buildId}/section/.text`],
    ["unified", ({ buildId }) => `${buildId.slice(0, 2)}/${buildId.slice(2)}/debuginfo`],
    ["unified, Breakpad", ({ debugId }) => `${debugId.slice(0, 2).toLowerCase()}/${debugId.slice(2).toLowerCase()}/breakpad`],
  ] as const satisfies readonly (readonly [string, (things: Things) => string])[]
).flatMap(([family, path]) => [
  token(`GET /symbols/:access/*path ${family}`, read, (things) => `/symbols/${things.organization}/${path(things)}`),
  token(`GET /symbols/:access/*path ${family}, token in the path`, read, (things, secret) => `/symbols/${secret}/${path(things)}`, {
    inPath: true,
  }),
]);

const sentry = "/api/0/organizations/:organization";
const sentryProject = "/api/0/projects/:organization/:project";
const filled =
  (path: string): Ask["path"] =>
  (things) =>
    path
      .replace(":organization", things.organization)
      .replace(":project", things.project)
      .replace(":app", things.project)
      .replace(":version", "game@1.0");
const released = (owner: string): Door[] =>
  (
    [
      ["GET", "/releases"],
      ["POST", "/releases", json({ version: "game@1.0" })],
      ["GET", "/releases/:version"],
      ["PUT", "/releases/:version", json({})],
      ["DELETE", "/releases/:version"],
      ["GET", "/releases/:version/deploys"],
      ["POST", "/releases/:version/deploys", json({ environment: "beta" })],
    ] as const
  ).map(([method, path, body]) => token(`${method} ${owner}${path}`, all, filled(owner + path), body ?? {}));
const chunk = form(
  "file",
  () => randomUUID(),
  (text) => createHash("sha1").update(text).digest("hex"),
);

const sentryCli: readonly Door[] = [
  token("GET /api/0/", all, () => "/api/0/", { names: "nothing" }),
  token("GET /api/0/organizations", all, () => "/api/0/organizations/", { names: "nothing" }),
  token("GET /api/0/users/me/regions", all, () => "/api/0/users/me/regions/", { names: "nothing" }),
  token(`GET ${sentry}/projects`, "project:read", filled(`${sentry}/projects/`)),
  token(`GET ${sentry}/chunk-upload`, write, filled(`${sentry}/chunk-upload/`)),
  token(`POST ${sentry}/chunk-upload`, write, filled(`${sentry}/chunk-upload/`), chunk),
  token(`GET ${sentry}/repos`, all, filled(`${sentry}/repos/`)),
  token(`POST ${sentryProject}/files/difs/assemble`, write, filled(`${sentryProject}/files/difs/assemble/`), json({})),
  token(`GET ${sentryProject}/files/dsyms/unknown`, write, filled(`${sentryProject}/files/dsyms/unknown/`)),
  token(`GET ${sentryProject}/files/dsyms`, read, filled(`${sentryProject}/files/dsyms/`)),
  token(
    `GET ${sentryProject}/files/dsyms one file`,
    read,
    (things) => `${filled(`${sentryProject}/files/dsyms/`)(things, "")}?id=${things.debugFileId}`,
  ),
  token(`POST ${sentryProject}/files/dsyms`, write, filled(`${sentryProject}/files/dsyms/`), symbolForm),
  ...released(sentry),
  ...released(sentryProject),
];

const app = "/v0.1/apps/:organization/:app";
const symbolUpload: Ask["path"] = (things) => `${filled(app)(things, "")}/symbol_uploads/${things.symbolUploadId}`;
const otherUploaders: readonly Door[] = [
  token("POST /symupload", write, ({ project }) => `/symupload?project=${project}`, symbolForm),
  token("POST /symupload/:token", write, ({ project }, secret) => `/symupload/${secret}?project=${project}`, {
    ...symbolForm,
    inPath: true,
  }),
  token("POST /symfiles", write, ({ project }) => `/symfiles?project=${project}`, symbolForm),
  ...["/symupload", "/symupload/:project"].flatMap((base): Door[] => {
    const at = (things: Things) => base.replace(":project", things.project);
    const names = base === "/symupload" ? "nothing" : "rows";
    return [
      token(
        `GET ${base}/v1/symbols/:file/:id`,
        write,
        (things) => `${at(things)}/v1/symbols/${things.fileName}/${things.debugId}:checkStatus`,
        {
          names: "nothing",
        },
      ),
      token(`POST ${base}/v1/uploads:create`, write, (things) => `${at(things)}/v1/uploads:create`, { names }),
      token(
        `POST ${base}/v1/uploads/:upload`,
        write,
        (things) => `${at(things)}/v1/uploads/${things.transferId}:complete`,
        json({ symbol_id: { debug_file: "app", debug_id: "0" } }),
      ),
    ];
  }),
  token("POST /upload", write, ({ project }) => `/upload/?project=${project}`, {
    ...form(
      "x.zip",
      () => "PK\u0003\u0004 not much of a zip",
      () => "x.zip",
    ),
    unauthorized: 403,
  }),
  token(`POST ${app}/symbol_uploads`, write, filled(`${app}/symbol_uploads`), json({ symbol_type: "Breakpad" })),
  token(`GET ${app}/symbol_uploads`, write, filled(`${app}/symbol_uploads`)),
  token(`GET ${app}/symbol_uploads/:upload`, write, symbolUpload),
  token(`PATCH ${app}/symbol_uploads/:upload`, write, symbolUpload, json({ status: "committed" })),
  token(`DELETE ${app}/symbol_uploads/:upload`, write, symbolUpload),
  token(`GET ${app}/diagnostics/symbol_groups`, "crash:read", filled(`${app}/diagnostics/symbol_groups`)),
  token(`GET ${app}/diagnostics/symbol_groups_info`, "crash:read", filled(`${app}/diagnostics/symbol_groups_info`)),
  token(
    `GET ${app}/diagnostics/symbol_groups/:group`,
    "crash:read",
    (things) => `${filled(app)(things, "")}/diagnostics/symbol_groups/${things.missingFileId}`,
  ),
  token(
    `POST ${app}/symbols/:symbol/ignore`,
    "crash:write",
    (things) => `${filled(app)(things, "")}/symbols/${things.missingFileId}/ignore`,
    json({}),
  ),
  token("POST /symbolicate/v5", read, () => "/symbolicate/v5", {
    ...json({ memoryMap: [["driftwood", "3A602B8F0E1EC55692887F20C93549E80"]], stacks: [[[0, 4096]]] }),
    names: "nothing",
  }),
  // Last: it takes away what the others ask for.
  token(
    `DELETE ${sentryProject}/files/dsyms`,
    write,
    (things) => `${filled(`${sentryProject}/files/dsyms/`)(things, "")}?id=${things.debugFileId}`,
  ),
];

const dump = { body: () => new Uint8Array(Buffer.from(`MDMP ${randomUUID()}`)), headers: { "Content-Type": "application/x-dmp" } };
type KeyOptions = Partial<Omit<Extract<Door, { by: "key" }>, "by" | "route" | "path">>;
const key = (route: string, path: Ask["path"], more: KeyOptions = {}): Door => ({
  ...{ route, by: "key", path, project: "named", names: "nothing" },
  ...dump,
  ...more,
});
const ofKey = { project: "of the key" } as const;
const tus = { "Tus-Resumable": "1.0.0" };
const resumable: Ask["path"] = ({ projectId, resumableId }) => `/api/${projectId}/upload/${resumableId}/`;

const intake: readonly Door[] = [
  key("POST /api/:project/minidump", ({ projectId }) => `/api/${projectId}/minidump/`),
  key("POST /api/:project/envelope", ({ projectId }) => `/api/${projectId}/envelope/`, { body: () => '{}\n{"type":"event"}\n{}\n' }),
  key("POST /api/:project/store", ({ projectId }) => `/api/${projectId}/store/`, json({})),
  key("GET /api/:project/store", ({ projectId }) => `/api/${projectId}/store/`),
  key("POST /api/store", () => "/api/store/", { ...ofKey, ...json({}) }),
  key("GET /api/store", () => "/api/store/", ofKey),
  key("POST /api/:project/upload", ({ projectId }) => `/api/${projectId}/upload/`, {
    body: () => "",
    headers: { ...tus, "Upload-Length": "9" },
  }),
  key("GET /api/:project/upload/:upload", resumable, { headers: tus, names: "rows" }),
  key("PATCH /api/:project/upload/:upload", resumable, {
    headers: { ...tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" },
    body: () => "x",
    names: "rows",
  }),
  key("DELETE /api/:project/upload/:upload", resumable, { headers: tus, names: "rows" }),
  key("POST /api/:project/events/:event/attachments", ({ projectId, crashId }) => `/api/${projectId}/events/${crashId}/attachments/`, {
    ...form(
      "a",
      () => "text",
      () => "a.txt",
    ),
    headers: {},
    names: "rows",
  }),
  key("POST /logs", () => "/logs?api-version=1.0.0", {
    ...ofKey,
    ...json({ logs: [] }),
    carry: (secret) => ({ "App-Secret": secret.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") }),
  }),
  ...["/submit", "/crashreports", "/post"].flatMap((path) => [
    key(`POST ${path}`, () => path, ofKey),
    key(`POST ${path}/:key`, (_, secret) => `${path}/${secret}`, { ...ofKey, carry: () => ({}) }),
  ]),
];

const open = (route: string, why: string, path: Ask["path"], more: Partial<Ask> = {}): Door => ({ route, by: "open", why, path, ...more });
const preflights = [
  ...["/api/:project/minidump", "/api/:project/envelope", "/api/:project/store", "/api/store", "/api/:project/upload"],
  ...["/api/:project/upload/:upload", "/api/:project/events/:event/attachments", "/logs"],
  ...["/submit", "/crashreports", "/post"].flatMap((path) => [path, `${path}/:key`]),
].map((path) =>
  open(`OPTIONS ${path}`, "a preflight asks whether the route is there", ({ projectId, resumableId, crashId }) =>
    path.replace(":project", projectId).replace(":upload", resumableId).replace(":event", crashId).replace(":key", "0".repeat(32)),
  ),
);

export const doors: readonly Door[] = [
  ...v1,
  ...symbolServer,
  ...sentryCli,
  ...otherUploaders,
  ...intake,
  ...preflights,
  open("GET /api/v1/limits", "the operator's numbers, nobody's in particular", () => "/api/v1/limits"),
  open("POST /api/v1/device-codes", "a machine that is not signed in asks to be", () => "/api/v1/device-codes", json({ clientName: "x" })),
  open("GET /api/v1/device-codes", "by the secret of the code itself", () => "/api/v1/device-codes"),
  open("DELETE /api/v1/token", "a login ends itself; every other bearer is told 401", () => "/api/v1/token"),
  open(
    "PUT /symbol-uploads/:transfer",
    "by the secret in the address itself",
    ({ transferId }) => `/symbol-uploads/${transferId}?ticket=0`,
    {
      body: () => "x",
    },
  ),
];

/** "GET /symbols/:access/*path" of "GET /symbols/:access/*path debuginfod". */
export const routeOf = ({ route }: Door) => route.split(" ").slice(0, 2).join(" ");
export const methodOf = ({ route }: Door) => route.split(" ")[0] ?? "";
