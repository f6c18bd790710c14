/** Data for pages as they are rendered: the same API, called in this process as the person who asks. */
import { Me } from '@skein/contract/rest/account.ts';
import { headers } from 'next/headers';
import { notFound, redirect } from 'next/navigation';
import { cache } from 'react';
import type { z } from 'zod';
import { running } from './api.ts';

/** Reads `path` below `/api/v1`. Not signed in leads to the sign-in page, not found to the not-found page. */
export async function load<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>> {
  const cookie = (await headers()).get('cookie') ?? '';
  const answer = await running().api.request(`/api/v1${path}`, { headers: { cookie } });
  if (answer.status === 401) redirect('/sign-in');
  if (answer.status === 404) notFound();
  if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}`);
  return shape.parse(await answer.json());
}

/** Who asks; once a request. */
export const loadMe = cache(() => load('/me', Me));
