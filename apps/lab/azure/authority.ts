/**
 * The lab's own certificate authority: the Azure front end speaks https, for Azure's clients send a token over
 * nothing else. Made once for a directory; its public part is what callers must trust.
 */
// Needed by @peculiar/x509, before it.
import 'reflect-metadata';
import { createPrivateKey } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const SUBJECT = 'CN=Skein lab authority';
const DAY_MILLISECONDS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 365;

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export interface Authority {
  /** Path of the certificate that callers must trust (PEM): NODE_EXTRA_CA_CERTS. */
  caFile: string;
  certificate: X509Certificate;
  key: Key;
}

/** The authority of a lab's directory, made when it is missing; so it can be had before the lab starts. */
export async function ensureAuthority(directory: string): Promise<Authority> {
  const caFile = join(directory, 'ca.pem');
  const keyFile = join(directory, 'ca-key.pem');
  // The certificate is written last: where it is, the key is.
  const pem = await readFile(caFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (pem !== null) return { caFile, certificate: new X509Certificate(pem), key: await readKey(keyFile) };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keys = await crypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: SUBJECT,
    ...validity(AUTHORITY_DAYS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      // All labs' authorities have one name: only so does a process that trusts several tell which has signed.
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await replace(keyFile, await pemOf(keys.privateKey));
  await replace(caFile, `${certificate.toString('pem')}\n`);
  return { caFile, certificate, key: keys.privateKey };
}

/** A certificate and key for this machine's own addresses, signed by the authority; never written down. */
export async function issueServer({ certificate, key }: Authority): Promise<{ cert: string; key: string }> {
  const keys = await crypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const issued = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=localhost',
    issuer: certificate.subject,
    ...validity(SERVER_DAYS),
    signingAlgorithm: SIGNING,
    publicKey: keys.publicKey,
    signingKey: key,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
      new SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  return { cert: issued.toString('pem'), key: await pemOf(keys.privateKey) };
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  // A day back, for clocks that are set meanwhile.
  return {
    notBefore: new Date(now - DAY_MILLISECONDS),
    notAfter: new Date(now + days * DAY_MILLISECONDS),
  };
}

const serial = () => `01${Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('hex')}`;

async function pemOf(key: Key): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
}

async function readKey(file: string): Promise<Key> {
  const der = createPrivateKey(await readFile(file, 'utf8')).export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', der, EC, true, ['sign']);
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
