/** Every kind of resource that the lab has. */
import type { Kind } from './kind.ts';

export const KINDS: readonly Kind[] = [];
