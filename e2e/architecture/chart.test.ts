/** The Helm chart and the manifest that the coordinator serves are the same objects. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentInstall, agentManifest, agentObjects } from '@skein/kubernetes/agent-manifest.ts';
import { chartFiles } from '@skein/kubernetes/chart.ts';
import { CHART_DIRECTORY, CHART_VERSION } from '@skein/kubernetes/write-chart.ts';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const install: AgentInstall = {
  coordinatorUrl: 'https://skein.test:443/a"b',
  joinToken: 'skj_yes',
  image: 'registry.test/agent:1',
};
const objectsIn = (text: string) => parseAllDocuments(text).map((one) => one.toJS());

it('the chart is the one that is written from the objects', () => {
  for (const [name, text] of Object.entries(chartFiles(CHART_VERSION)))
    expect(
      readFileSync(join(CHART_DIRECTORY, name), 'utf8'),
      'write it anew: packages/kubernetes/write-chart.ts',
    ).toBe(text);
});

it('rendered it says what the manifest says', () => {
  const values: Record<string, string> = { ...install };
  // What Helm does with `required`, `b64enc` and `quote`, the only functions of it.
  const rendered = (chartFiles('1.0.0')['templates/agent.yaml'] ?? '').replaceAll(
    /\{\{ required "[^"]*" \.Values\.(\w+)( \| b64enc)? \| quote \}\}/g,
    (_, name: string, encoded?: string) =>
      JSON.stringify(encoded ? Buffer.from(values[name] ?? '').toString('base64') : values[name]),
  );
  expect(rendered).not.toContain('{{');
  expect(objectsIn(rendered)).toEqual(agentObjects(install));
  const named = Object.keys(parse(chartFiles('1.0.0')['values.yaml'] ?? ''));
  expect(named.sort()).toEqual(Object.keys(install).sort());
});

it('the manifest is YAML of the very objects', () => {
  expect(objectsIn(agentManifest(install))).toEqual(agentObjects(install));
});
