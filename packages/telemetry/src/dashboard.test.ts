/** The Grafana files ask for metrics that exist, in queries that Prometheus can read, and leave none out. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { parser } from "@prometheus-io/lezer-promql";
import { metrics, metricsRegistry, startProcessMetrics } from "./index.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

type Panel = { title: string; type: string; targets?: { expr: string }[] };
const dashboard = JSON.parse(read("deploy/grafana/salvage.json")) as { panels: Panel[] };
const alerts = read("deploy/grafana/alerts.yaml");

startProcessMetrics();
after(() => metricsRegistry.clear());

/** Metrics that a query asks for. Throws where Prometheus's grammar does not fit. */
function metricsOf(query: string): string[] {
  const text = query.replaceAll("$__rate_interval", "5m").replaceAll("$job", ".+");
  const names: string[] = [];
  parser.parse(text).iterate({
    enter(node) {
      assert.ok(!node.type.isError, `${text}\n${" ".repeat(node.from)}^`);
      if (node.name === "Identifier" && node.node.parent?.name === "VectorSelector") names.push(text.slice(node.from, node.to));
    },
  });
  return names;
}

/** Names as a scraper sees them, by the metric that has them. */
const scraped = new Map<string, string>();
for (const { name, type } of await metricsRegistry.getMetricsAsJSON())
  for (const suffix of String(type) === "histogram" ? ["_bucket", "_sum", "_count"] : [""]) scraped.set(`${name}${suffix}`, name);

const panelQueries = dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => expr));
const alertQueries = [...alerts.matchAll(/^ {8}expr: (.+)$/gm)].map((match) => match[1] ?? "");

test("every query is one, and asks for metrics that are exported", () => {
  assert.ok(panelQueries.length > 30 && alertQueries.length === (alerts.match(/- alert:/g) ?? []).length);
  for (const query of [...panelQueries, ...alertQueries]) {
    const names = metricsOf(query);
    assert.ok(names.length > 0, query);
    for (const name of names) assert.ok(scraped.has(name), `${name} is not exported: ${query}`);
  }
  assert.throws(() => metricsOf("sum(rate(salvage_errors_total[5m])"), /\^/, "the grammar can refuse");
});

test("every metric of Salvage's own is on the dashboard", async () => {
  const shown = new Set(panelQueries.flatMap(metricsOf).map((name) => scraped.get(name)));
  const own = await Promise.all(Object.values(metrics).map(async (metric) => (await metric.get()).name));
  assert.deepEqual(own.filter((name) => !shown.has(name)).toSorted(), []);
});

test("every panel says what it shows, and every alert where the way out is written", () => {
  for (const panel of dashboard.panels) assert.notEqual(panel.title, "");
  const headings = [...read("docs/operations.md").matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
  const runbooks = [...alerts.matchAll(/runbook: docs\/operations\.md#(\S+)/g)].map((match) => match[1] ?? "");
  assert.equal(runbooks.length, alertQueries.length);
  for (const anchor of runbooks) assert.ok(headings.includes(anchor), `docs/operations.md has no part ${anchor}`);
});
