/** What is said at a ServiceExport and a ServiceImport of how they do. */
import type { ServiceConflict } from '@skein/contract/agent/service.ts';
import type { Exported } from './export.ts';
import type { Condition } from './objects.ts';

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * @param imported what the network made of all exports of the service; undefined until it has said so
 * @param counted the network counts this cluster's export among them
 */
export function exportConditions(
  exported: Exported,
  imported: { conflict: ServiceConflict | null; counted: boolean } | undefined,
): Said[] {
  if (!exported.valid) {
    const { reason, message } = exported;
    return [
      { type: 'Valid', status: 'False', reason, message },
      { type: 'Ready', status: 'False', reason: 'Pending', message: 'What is not valid is not exported.' },
    ];
  }
  const ready: Said = imported?.counted
    ? { type: 'Ready', status: 'True', reason: 'Exported', message: 'The network knows of it.' }
    : {
        type: 'Ready',
        status: 'False',
        reason: 'Pending',
        message: 'The network was not heard to know of it yet.',
      };
  const conflict = imported?.counted ? imported.conflict : null;
  return [
    { type: 'Valid', status: 'True', reason: 'Valid', message: '' },
    ready,
    conflict
      ? {
          type: 'Conflict',
          status: 'True',
          reason: conflict.reasons.join(','),
          message: conflict.message.slice(0, 32768),
        }
      : { type: 'Conflict', status: 'False', reason: 'NoConflicts', message: '' },
  ];
}

/** With the times at which they came to be so: those that are said already keep theirs. */
export function withTimes(
  said: readonly Said[],
  held: readonly Condition[],
  generation: number | undefined,
  now: Date,
): Condition[] {
  return said.map((condition) => {
    const before = held.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastTransitionTime: before?.lastTransitionTime ?? now.toISOString().replace(/\.\d+Z$/, 'Z'),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  });
}
