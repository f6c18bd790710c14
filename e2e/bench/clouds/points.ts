import type { HeldCall } from '@skein/lab/fault/faults.ts';

export interface Points {
  /** The side effect that a call has, `provision aws CreateVpc 2`, and the point at which it is held. */
  of(
    phase: string,
    call: Pick<HeldCall, 'cloud' | 'action' | 'content' | 'at'>,
  ): { sideEffect: string; point: string };
}

/**
 * Names calls by phase, kind and number: the n-th call of its kind that asks for something else than those before it.
 * A call that is sent again keeps its name, since ids and names differ from run to run but what a call asks for does
 * not within one.
 */
export function openPoints(): Points {
  const numbers = new Map<string, Map<string, number>>();
  return {
    of(phase, { cloud, action, content, at }) {
      const kind = `${phase} ${cloud} ${action}`;
      const known = numbers.get(kind) ?? new Map<string, number>();
      numbers.set(kind, known);
      const number = known.get(content) ?? known.size + 1;
      known.set(content, number);
      const sideEffect = `${kind} ${number}`;
      return { sideEffect, point: `${sideEffect} ${at}` };
    },
  };
}
