/**
 * People's sessions: better-auth with e-mail and password. Nobody can sign up: the first user comes from the set-up
 * link (`packages/control/setup`), and rights come from membership, looked up anew with each request.
 */
import { hkdfSync } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { prismaAdapter } from 'better-auth/adapters/prisma';
import { organization } from 'better-auth/plugins/organization';
import type { ApiDependencies } from '../dependencies.ts';
import { trustedOrigins } from './origin.ts';

const SESSION_DAYS = 7;

export function createAuth(dependencies: Pick<ApiDependencies, 'database' | 'masterKey' | 'publicUrl'>) {
  const secret = hkdfSync('sha256', dependencies.masterKey, '', 'skein session cookies v1', 32);
  return betterAuth({
    appName: 'Skein',
    baseURL: dependencies.publicUrl,
    basePath: '/api/auth',
    secret: Buffer.from(secret).toString('base64'),
    trustedOrigins: trustedOrigins(dependencies.publicUrl),
    database: prismaAdapter(dependencies.database, { provider: 'postgresql', transaction: true }),
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 12, maxPasswordLength: 200 },
    session: { expiresIn: SESSION_DAYS * 86_400, updateAge: 86_400 },
    // Without a proxy that sets the address truly, all callers share one count: slow for guessing, fine for people.
    rateLimit: {
      enabled: true,
      window: 60,
      max: 300,
      customRules: { '/sign-in/email': { window: 60, max: 30 } },
    },
    advanced: { cookiePrefix: 'skein' },
    telemetry: { enabled: false },
    plugins: [organization({ allowUserToCreateOrganization: false, disableOrganizationDeletion: true })],
  });
}

export type Auth = ReturnType<typeof createAuth>;

/** The parts of better-auth that are served. Organizations and users are changed by our own verbs alone. */
export const SERVED_AUTH_PATHS = ['sign-in/email', 'sign-out', 'get-session', 'change-password'] as const;
