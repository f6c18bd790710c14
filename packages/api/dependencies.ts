/** What the API is given at start, and what travels with each request. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context as ControlContext } from '@skein/control/context.ts';
import type { Auth } from './auth/server.ts';

export interface ApiDependencies extends Omit<ControlContext, 'actor'> {
  /** The address in people's browsers; requests that change something must come from its origin. */
  publicUrl: string;
  /** 32 bytes; session cookies are signed with a key derived from it. */
  masterKey: Uint8Array;
  /** Gets what an answer must not tell: the failure behind a 500, by request id. */
  log: (entry: { requestId: string; method: string; path: string; error: unknown }) => void;
}

export interface ApiEnvironment {
  Variables: { requestId: string; control: ControlContext };
}
export type ApiHono = OpenAPIHono<ApiEnvironment>;

/** What routes without a signed-in caller work with. */
export interface OpenContext {
  dependencies: ApiDependencies;
  auth: Auth;
}
