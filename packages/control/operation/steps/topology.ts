import { type PlannedStep, planned } from './planned.ts';

/**
 * Another topology while traffic flows: first every group lets the callers of both in, then the maps change, and only
 * when all connected agents have left the old ways are those closed.
 * @param clusters names of those whose groups Skein keeps
 * @param applied the step that waits for the agents
 */
export function topologySteps(
  clusters: readonly string[],
  words: string,
  applied: PlannedStep,
): PlannedStep[] {
  const group = (name: string, key: string, title: string, dependsOn: string[]) =>
    planned('firewall', { key: `${name}/${key}`, title, cluster: name, dependsOn });
  const opened = clusters.map((name) =>
    group(name, 'firewall-opened', `Let newly linked peers into ${name}`, []),
  );
  const changed = planned('topology', {
    key: 'topology',
    title: words,
    cluster: null,
    dependsOn: opened.map((step) => step.key),
  });
  const closed = clusters.map((name) =>
    group(name, 'firewall-closed', `Close what is linked with ${name} no longer`, [applied.key]),
  );
  return [...opened, changed, { ...applied, dependsOn: [changed.key] }, ...closed];
}
