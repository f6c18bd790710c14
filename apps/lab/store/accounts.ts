/** Who may call the lab's clouds: accounts with random secrets, made at first start and kept. */
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { type AzureAccount, newAzureAccount } from '../azure/entra/account.ts';
import type { Store } from './store.ts';

export interface AwsAccount {
  accountId: string;
  userName: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface GcpAccount {
  projectId: string;
  projectNumber: string;
  clientEmail: string;
  clientId: string;
  privateKeyId: string;
  /** PEM, PKCS #8. */
  privateKey: string;
  /** PEM, SPKI: what the token endpoint verifies with. */
  publicKey: string;
}

export interface Accounts {
  aws: AwsAccount[];
  gcp: GcpAccount[];
  azure: AzureAccount[];
}

/** The lab's accounts: two a cloud, so that one can be shown not to see the other's. */
export function openAccounts(store: Store): Accounts {
  const section = store.section<Accounts>('accounts', () => ({
    aws: [newAwsAccount('skein'), newAwsAccount('other')],
    gcp: [newGcpAccount('skein-lab'), newGcpAccount('other-lab')],
    azure: newAzureAccounts(),
  }));
  // A lab that was made before it had this cloud.
  if (!section.read().azure)
    section.change((accounts) => {
      accounts.azure = newAzureAccounts();
    });
  return section.read();
}

const newAzureAccounts = () => [newAzureAccount('skein'), newAzureAccount('other')];

/** The key file as Google hands it out, its token endpoint being the lab's. */
export function serviceAccountFile(account: GcpAccount, gcpUrl: string): Record<string, string> {
  return {
    type: 'service_account',
    project_id: account.projectId,
    private_key_id: account.privateKeyId,
    private_key: account.privateKey,
    client_email: account.clientEmail,
    client_id: account.clientId,
    auth_uri: `${gcpUrl}/o/oauth2/auth`,
    token_uri: `${gcpUrl}/token`,
    universe_domain: 'googleapis.com',
  };
}

function newAwsAccount(userName: string): AwsAccount {
  return {
    accountId: digits(12),
    userName,
    accessKeyId: `AKIA${pick(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
}

/** A service account with a key of its own; of a project that exists, give its number. */
export function newGcpAccount(projectId: string, name = 'skein', projectNumber = digits(12)): GcpAccount {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    projectId,
    projectNumber,
    clientEmail: `${name}@${projectId}.iam.gserviceaccount.com`,
    clientId: digits(21),
    privateKeyId: randomBytes(20).toString('hex'),
    privateKey: pair.privateKey,
    publicKey: pair.publicKey,
  };
}

const pick = (length: number, alphabet: string) =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
const digits = (length: number) => `${randomInt(1, 10)}${pick(length - 1, '0123456789')}`;
