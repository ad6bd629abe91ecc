/**
 * deploy/: Dockerfile, compose file and manifests say what the parts read, and give none of them more than it needs. What the formats' own linters
 * find, `deploy/check.sh` tells.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { repositoryRoot } from "@salvage/launcher";
import { validate } from "dockerfile-utils";
import { parse, parseAllDocuments } from "yaml";

const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
const parts = ["ingest", "web", "worker"] as const;
type PartName = (typeof parts)[number];

/** Names that a part's env.ts reads, and which of them it cannot do without. */
function settingsOf(part: PartName): { known: Set<string>; required: string[] } {
  const text = read({ ingest: "apps/ingest/src/env.ts", web: "apps/web/src/server/env.ts", worker: "apps/worker/src/env.ts" }[part]);
  const fields = [...text.matchAll(/^ {2}([A-Z][A-Z_]+):([^;]*?),$/gms)];
  assert.ok(fields.length > 8, part);
  return {
    known: new Set(fields.map(([, name = ""]) => name)),
    required: fields.filter(([, , rule = ""]) => !/\.(optional|default)\(/.test(rule)).map(([, name = ""]) => name),
  };
}

/** Read elsewhere: by the AWS SDK, `salvage serve web`, the health check. */
const everybodys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PORT", "HEALTH_URL"];
const ofTheImage = ["SALVAGE_HOME", "METRICS_HOST", "METRICS_PORT"];
const notForWeb = ["SALVAGE_SECRET", "DATABASE_SYSTEM_URL", "DATABASE_OWNER_URL"];

function checkNames(part: PartName, given: readonly string[], ownNames: readonly string[]): void {
  const { known, required } = settingsOf(part);
  const unknown = ownNames.filter((name) => !known.has(name) && !everybodys.includes(name));
  assert.deepEqual(unknown, [], `${part} does not read them`);
  const absent = required.filter((name) => !given.includes(name) && !ofTheImage.includes(name));
  assert.deepEqual(absent, [], `${part} needs them`);
  if (part === "web") for (const name of notForWeb) assert.ok(!given.includes(name), `the dashboard has ${name}`);
}

test("Dockerfile: its linter finds nothing; it runs as nobody in particular", () => {
  const text = read("deploy/Dockerfile");
  assert.deepEqual(validate(text), []);
  assert.match(text, /^USER 10001:10001$/m);
  const [, version] = /pnpm@(\S+)/.exec(text) ?? [];
  assert.equal(`pnpm@${version}`, JSON.parse(read("package.json")).packageManager);
  const [, node] = /node:(\d+\.\d+\.\d+)-/.exec(text) ?? [];
  assert.ok(read("scripts/bootstrap.mjs").includes(`nodeVersion = "${node}"`), "the Node that npm start uses");
});

type Service = {
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, unknown>;
  read_only?: boolean;
  ports?: string[];
};

describe("compose file", () => {
  const compose = parse(read("deploy/compose.yaml"), { merge: true }) as { services: Record<string, Service> };

  test("no more than six services, of which one is open to the world", () => {
    const names = Object.keys(compose.services);
    assert.ok(names.length <= 6, names.join(", "));
    assert.deepEqual(
      names.filter((name) => compose.services[name]?.ports !== undefined),
      ["ingest"],
    );
  });

  for (const part of parts) {
    test(`${part} gets the settings that it reads`, () => {
      const service = compose.services[part];
      assert.deepEqual(service?.command, ["serve", part]);
      assert.equal(service?.read_only, true);
      const names = Object.keys(service?.environment ?? {});
      checkNames(part, names, names);
      for (const name of Object.keys(service?.depends_on ?? {})) assert.ok(compose.services[name] !== undefined, name);
    });
  }

  test("the example has each setting that it asks for", () => {
    const example = new Set([...read("deploy/example.env").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name));
    for (const [, name = ""] of read("deploy/compose.yaml").matchAll(/\$\{([A-Z_]+):\?/g)) assert.ok(example.has(name), name);
  });
});

type Container = {
  args: string[];
  env?: { name: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
  readinessProbe?: object;
  livenessProbe?: object;
  resources?: { limits?: object; requests?: object };
  securityContext?: { readOnlyRootFilesystem?: boolean };
};
type Pod = { metadata: { labels: Record<string, string> }; spec: { containers: [Container]; securityContext: { runAsNonRoot: boolean } } };
type Manifest = { kind: string; metadata: { name: string }; spec: { template: Pod; selector?: { matchLabels: Record<string, string> } } };

describe("Kubernetes", () => {
  const folder = "deploy/kubernetes";
  const kustomization = parse(read(`${folder}/kustomization.yaml`)) as { resources: string[] };
  const manifests = kustomization.resources.flatMap((file) =>
    parseAllDocuments(read(`${folder}/${file}`)).map((document) => document.toJS() as Manifest),
  );
  const named = (kind: string, name: string) => manifests.find((one) => one.kind === kind && one.metadata.name === name);
  const namesIn = (file: string) => [...read(`${folder}/${file}`).matchAll(/^([A-Z_]+)=/gm)].map(([, name = ""]) => name);

  test("every manifest of the folder is part of it", () => {
    const files = readdirSync(join(repositoryRoot, folder)).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
    assert.deepEqual(files.sort(), [...kustomization.resources].sort());
  });

  for (const part of parts) {
    test(`${part} gets the settings that it reads, is probed, bounded, kept to itself and may be disrupted`, () => {
      const deployment = named("Deployment", part);
      const pod = deployment?.spec.template;
      const container = pod?.spec.containers[0];
      assert.deepEqual(container?.args, ["serve", part]);
      const own = (container?.env ?? []).map(({ name }) => name);
      checkNames(part, [...own, ...namesIn("settings.env")], own);
      const secrets = (container?.env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.key ?? []);
      for (const key of secrets) assert.ok(namesIn("example.env").includes(key), key);
      assert.ok(container?.readinessProbe && container.livenessProbe && container.resources?.limits && container.resources.requests);
      assert.equal(container.securityContext?.readOnlyRootFilesystem, true);
      assert.equal(pod?.spec.securityContext.runAsNonRoot, true);
      for (const kind of ["PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"])
        assert.ok(named(kind, part), `${kind} of ${part}`);
      assert.deepEqual(deployment?.spec.selector?.matchLabels, pod?.metadata.labels);
    });
  }

  test("the migration alone has the owner's address", () => {
    const text = kustomization.resources.filter((file) => read(`${folder}/${file}`).includes("DATABASE_OWNER_URL"));
    assert.deepEqual(text, ["migrate.yaml"]);
    assert.deepEqual(named("Job", "migrate")?.spec.template.spec.containers[0].args, ["db", "migrate"]);
  });
});
