'use client';
/** What a provider signs in with, as it asks for it. */
import type { CredentialField } from '@skein/contract/rest/provider.ts';
import { type ChangeEvent, useState } from 'react';
import { AreaField, TextField } from './field.tsx';

export function CredentialFields({ fields }: { fields: readonly CredentialField[] }) {
  return fields.map((field) => <Credential key={field.name} field={field} />);
}

const INPUT_TYPES = { secret: 'password', number: 'number', text: 'text' } as const;

function Credential({ field }: { field: CredentialField }) {
  const [text, setText] = useState('');
  if (field.kind !== 'json-file')
    return (
      <TextField
        label={field.title}
        name={field.name}
        help={field.hint}
        type={INPUT_TYPES[field.kind]}
        defaultValue={field.preset ?? undefined}
        autoComplete="off"
        spellCheck={false}
        required
      />
    );
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file) setText(await file.text());
  };
  return (
    <div className="space-y-2">
      <AreaField
        label={field.title}
        name={field.name}
        help={field.hint}
        placeholder='{ "type": "service_account", … }'
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        required
      />
      <label className="inline-block text-sm text-accent underline underline-offset-4 focus-within:outline-2">
        Choose the file
        <input type="file" accept="application/json,.json" onChange={read} className="sr-only" />
      </label>
    </div>
  );
}

/** The credentials as the API wants them, or what is wrong with what was given. */
export function credentialsFrom(
  fields: readonly CredentialField[],
  form: FormData,
): Record<string, unknown> | string {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const credentials: Record<string, unknown> = {};
  for (const field of fields) {
    if (field.kind !== 'json-file') {
      const value = text(field.name);
      credentials[field.name] = field.kind === 'number' ? Number(value) : value;
      continue;
    }
    try {
      Object.assign(credentials, JSON.parse(text(field.name)) as object);
    } catch {
      return `${field.title}: this is no JSON. Paste the whole file, or choose it.`;
    }
  }
  return credentials;
}
