/** Writes the Helm chart anew: `node packages/kubernetes/write-chart.ts`. A test holds it to the objects. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chartFiles } from './chart.ts';

/** The agent's own version. */
export const CHART_VERSION = '0.1.0';
export const CHART_DIRECTORY = join(import.meta.dirname, '../../infra/helm/skein-agent');

if (import.meta.main)
  for (const [name, text] of Object.entries(chartFiles(CHART_VERSION))) {
    const path = join(CHART_DIRECTORY, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
