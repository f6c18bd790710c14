/** Exports of one service become one imported service, by the rules of KEP-1645. */
import type { ServiceConflict, ServicePort } from '@skein/contract/agent/service.ts';
import { byAge, type SourceExport } from './export.ts';

/** What all importing clusters share. */
export interface MergedService {
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterSetIP' | 'Headless';
  readonly sessionAffinity: 'None' | 'ClientIP';
  readonly sessionAffinitySeconds: number | null;
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly trafficDistribution: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly conflict: ServiceConflict | null;
  /** Oldest export first. */
  readonly sources: readonly SourceExport[];
}

/** Properties that one value must hold of, by the reason of the standard that says they do not. */
const PROPERTIES: readonly {
  reason: string;
  words: string;
  of: (source: SourceExport) => unknown;
}[] = [
  { reason: 'TypeConflict', words: 'type', of: ({ export: one }) => one.type },
  {
    reason: 'SessionAffinityConflict',
    words: 'session affinity',
    of: ({ export: one }) => one.sessionAffinity,
  },
  {
    reason: 'SessionAffinityConfigConflict',
    words: 'time of session affinity',
    of: ({ export: one }) => one.sessionAffinitySeconds,
  },
  {
    reason: 'InternalTrafficPolicyConflict',
    words: 'internal traffic policy',
    of: ({ export: one }) => one.internalTrafficPolicy,
  },
  {
    reason: 'TrafficDistributionConflict',
    words: 'traffic distribution',
    of: ({ export: one }) => one.trafficDistribution,
  },
  { reason: 'LabelsConflict', words: 'exported labels', of: ({ export: one }) => inOrder(one.labels) },
  {
    reason: 'AnnotationsConflict',
    words: 'exported annotations',
    of: ({ export: one }) => inOrder(one.annotations),
  },
];

/**
 * The import of these exports, all of one namespace and name; undefined where there are none. Where they differ the
 * oldest is right, but for ports, of which all are taken that clash with no older one.
 */
export function mergeExports(exports: readonly SourceExport[]): MergedService | undefined {
  const sources = [...exports].sort(byAge);
  const oldest = sources[0];
  if (!oldest) return undefined;
  const { namespace, name, type, sessionAffinity, sessionAffinitySeconds } = oldest.export;
  const { internalTrafficPolicy, trafficDistribution, labels, annotations } = oldest.export;
  return {
    namespace,
    name,
    type,
    sessionAffinity,
    sessionAffinitySeconds,
    internalTrafficPolicy,
    trafficDistribution,
    labels,
    annotations,
    ports: mergePorts(sources),
    conflict: conflictOf(sources, oldest),
    sources,
  };
}

/** The ports of all, of which no two have one name, or one protocol and number. */
function mergePorts(sources: readonly SourceExport[]): ServicePort[] {
  const ports: ServicePort[] = [];
  for (const { export: one } of sources)
    for (const { name, protocol, port, appProtocol } of one.ports) {
      const taken = ports.some(
        (other) => other.name === name || (other.protocol === protocol && other.port === port),
      );
      if (!taken) ports.push({ name, protocol, port, appProtocol });
    }
  return ports;
}

/** Whether an export serves a port of the import: under the same name, protocol and number. */
export function servesPort(source: { ports: readonly ServicePort[] }, port: ServicePort): boolean {
  return source.ports.some(
    (one) => one.name === port.name && one.protocol === port.protocol && one.port === port.port,
  );
}

function conflictOf(sources: readonly SourceExport[], oldest: SourceExport): ServiceConflict | null {
  const found = PROPERTIES.flatMap(({ reason, words, of }) => {
    const wanted = JSON.stringify(of(oldest));
    const others = sources.filter((source) => JSON.stringify(of(source)) !== wanted).length;
    if (others === 0) return [];
    const value = wanted.length > MOST_VALUE ? 'its own' : wanted;
    return [{ reason, words: `Conflicting ${words}: using ${value}`, others }];
  });
  const portsOf = ({ export: one }: SourceExport) =>
    JSON.stringify(
      one.ports
        .map(({ name, protocol, port, appProtocol }) => [name, protocol, port, appProtocol])
        .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    );
  const wanted = portsOf(oldest);
  const others = sources.filter((source) => portsOf(source) !== wanted).length;
  if (others > 0)
    found.unshift({
      reason: 'PortConflict',
      words: 'Conflicting ports: using those of all that clash with no older one, beginning with those',
      others,
    });
  if (found.length === 0) return null;
  const { name } = oldest.cluster;
  const message = found
    .map(
      ({ words, others: count }) =>
        `${words} of the oldest export, in cluster "${name}". ${count}/${sources.length} clusters disagree.`,
    )
    .join(' ');
  return { reasons: found.map(({ reason }) => reason), message };
}

/** Longer values are not quoted in messages. */
const MOST_VALUE = 60;

function inOrder(texts: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
