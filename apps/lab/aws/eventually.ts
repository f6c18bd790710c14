import { expect } from 'vitest';

/** For what follows a call within a moment; the bound is for a machine under load. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 4000 });
