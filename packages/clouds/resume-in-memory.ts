/** For calls whose process is their whole life: nothing of theirs is gone on with elsewhere. */
import type { Resume } from './provider.ts';

export function resumeInMemory(): Resume {
  const tokens = new Map<string, string>();
  return {
    load: async (key) => tokens.get(key),
    async save(key, token) {
      if (token === null) tokens.delete(key);
      else tokens.set(key, token);
    },
  };
}
