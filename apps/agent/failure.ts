/**
 * The agent: a daemon on a node that turns a signed network map into WireGuard, routes, packet filter and names.
 * This file holds what can go wrong in a way that a person must act on.
 */

export type FailureCode =
  | 'usage'
  | 'config-invalid'
  | 'not-enrolled'
  | 'already-enrolled'
  | 'enrol-refused'
  | 'unreachable'
  | 'already-running'
  | 'command-failed'
  | 'device-failed'
  | 'kubernetes-refused'
  | 'address-taken';

/** A failure with words a person can act on. Never carries a key or a token. */
export class AgentFailure extends Error {
  readonly code: FailureCode;
  constructor(code: FailureCode, message: string) {
    super(message);
    this.name = 'AgentFailure';
    this.code = code;
  }
}

/** The words of anything thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
