/** The one failure class of this room; each transport maps its code once. */
import type { ProblemCode } from '@skein/contract/rest/problem.ts';

/** `message` is for people: what was wrong and what to do. It never holds a secret or anything internal. */
export class Refusal extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly { path: string; message: string }[];
  constructor(code: ProblemCode, message: string, errors: readonly { path: string; message: string }[] = []) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.errors = errors;
  }
}
