/** Azure accounts of the lab: an application with a secret that owns one subscription of a tenant of its own. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

export interface AzureAccount {
  tenantId: string;
  subscriptionId: string;
  subscriptionName: string;
  /** The application's id, and the object id of its service principal in the tenant. */
  clientId: string;
  objectId: string;
  clientSecret: string;
  /** What the tenant signs its tokens with; PEM, PKCS #8 and SPKI. */
  keyId: string;
  privateKey: string;
  publicKey: string;
}

export function newAzureAccount(subscriptionName: string): AzureAccount {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    tenantId: randomUUID(),
    subscriptionId: randomUUID(),
    subscriptionName,
    clientId: randomUUID(),
    objectId: randomUUID(),
    // The form of Entra's: 40 characters with a `~` after the first six.
    clientSecret: `${secret(3)}8Q~${secret(34)}`,
    keyId: randomBytes(20).toString('base64url'),
    privateKey: pair.privateKey,
    publicKey: pair.publicKey,
  };
}

const secret = (length: number) =>
  randomBytes(length * 2)
    .toString('base64url')
    .replace(/[-_]/g, '')
    .padEnd(length, 'x')
    .slice(0, length);
