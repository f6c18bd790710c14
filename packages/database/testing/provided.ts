/** What vitest's global set-up (`e2e/setup/postgres.ts`) provides, for the types of suites in other rooms. */
import type {} from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
  }
}
