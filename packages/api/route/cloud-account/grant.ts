/** What both routes that answer grants take and give. */
import { GrantDocument } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { z } from 'zod';

/** In a query, what is true or false is a word. */
export const Flag = z
  .enum(['true', 'false'])
  .transform((word) => word === 'true')
  .optional();

export const GrantQuery = z.object({
  keyless: Flag.describe('The cloud is to trust Skein itself instead of a key'),
});

export const GrantDocuments = pageOf(
  GrantDocument.meta({
    id: 'GrantDocument',
    example: { title: 'Commands', language: 'shell', text: 'aws iam create-role --role-name skein …' },
  }),
);
