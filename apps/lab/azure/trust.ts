/**
 * For tests: lets this process trust a lab's authority, as a process of the product does by NODE_EXTRA_CA_CERTS,
 * which Node reads at its start only.
 */
import { readFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** @param caFile a running lab's `caFile`. Certificates that were trusted before stay so. */
export async function trustAuthority(caFile: string): Promise<void> {
  const certificate = await readFile(caFile, 'utf8');
  const present = getCACertificates('default');
  if (!present.includes(certificate)) setDefaultCACertificates([...present, certificate]);
}
