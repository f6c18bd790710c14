/** Signature Version 4, the server's side: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What the Authorization header claims, not yet verified. */
export interface Credential {
  accessKeyId: string;
  /** `YYYYMMDD`. */
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
}

export interface SignedRequest {
  method: string;
  /** As sent: percent-encoded, with its query. */
  url: URL;
  header(name: string): string | undefined;
  body: Uint8Array;
}

const SKEW_SECONDS = 300;

/** Reads the Authorization header; undefined when it is no SigV4 header. */
export function parseCredential(authorization: string | undefined): Credential | undefined {
  const match = authorization?.match(
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/,
  );
  if (!match) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = '', headers = '', signature = ''] = match;
  return { accessKeyId, date, region, service, signedHeaders: headers.split(';'), signature };
}

/** Whether the request bears the secret's signature: `expired` when its date is more than 5 minutes off. */
export function verify(
  request: SignedRequest,
  credential: Credential,
  secretAccessKey: string,
  now: Date,
): 'valid' | 'expired' | 'mismatch' {
  const stamp = request.header('x-amz-date') ?? '';
  const at = stamp.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/);
  if (!at || !stamp.startsWith(credential.date) || !credential.signedHeaders.includes('host'))
    return 'mismatch';
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = at.slice(1).map(Number);
  if (Math.abs(Date.UTC(year, month - 1, day, hour, minute, second) - now.getTime()) > SKEW_SECONDS * 1000)
    return 'expired';

  const canonical = [
    request.method,
    // Services other than S3 sign the path encoded once more than it is sent.
    request.url.pathname.split('/').map(encode).join('/'),
    canonicalQuery(request.url),
    ...credential.signedHeaders.map(
      (name) => `${name}:${(request.header(name) ?? '').trim().replace(/ +/g, ' ')}`,
    ),
    '',
    credential.signedHeaders.join(';'),
    createHash('sha256').update(request.body).digest('hex'),
  ].join('\n');
  const scope = `${credential.date}/${credential.region}/${credential.service}/aws4_request`;
  const toSign = [
    'AWS4-HMAC-SHA256',
    stamp,
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const key = [credential.date, credential.region, credential.service, 'aws4_request'].reduce<
    string | Buffer
  >((previous, part) => hmac(previous, part), `AWS4${secretAccessKey}`);
  return timingSafeEqual(hmac(key, toSign), Buffer.from(credential.signature, 'hex')) ? 'valid' : 'mismatch';
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** RFC 3986: everything but letters, digits and `-._~`. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}
