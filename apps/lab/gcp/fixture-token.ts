/** For tests: an access token for a service-account key, by the JWT bearer flow. */
import { sign } from 'node:crypto';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A signed assertion; `claims` and `header` replace what is usual. */
export function assertionOf(
  key: Record<string, string>,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  const iat = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'RS256', typ: 'JWT', kid: key.private_key_id, ...header })}.${part({
    iss: key.client_email,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    aud: key.token_uri,
    iat,
    exp: iat + 3600,
    ...claims,
  })}`;
  return `${text}.${sign('sha256', Buffer.from(text), key.private_key ?? '').toString('base64url')}`;
}

/** Sends an assertion to the key's token endpoint. */
export async function exchange(
  key: Record<string, string>,
  assertion: string,
): Promise<{ status: number; json: Record<string, string> }> {
  const response = await fetch(key.token_uri ?? '', {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, string> };
}

/** A good token. @throws Error when there is none. */
export async function fetchToken(key: Record<string, string>): Promise<string> {
  const { json } = await exchange(key, assertionOf(key));
  if (!json.access_token) throw new Error(`no token: ${JSON.stringify(json)}`);
  return json.access_token;
}
