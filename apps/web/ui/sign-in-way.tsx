'use client';
/** How Skein signs in to a cloud: the way is chosen, its trust shown before it is asked for, its fields filled in. */
import type { ProviderInfo, SignInWay } from '@skein/contract/rest/provider.ts';
import { CredentialFields } from './credential-fields.tsx';
import { SelectField } from './field.tsx';
import { Grant } from './grant.tsx';
import { Notice } from './notice.tsx';

export function SignInFields({
  provider,
  way,
  grantPath,
  onChoose,
}: {
  provider: ProviderInfo;
  way: SignInWay;
  /** Where the documents for this way are answered, below `/api/v1`. */
  grantPath: string;
  onChoose: (wayId: string) => void;
}) {
  return (
    <div className="space-y-4">
      {provider.ways.length > 1 && (
        <SelectField label="Sign in by" value={way.id} onChange={(event) => onChoose(event.target.value)}>
          {provider.ways.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
              {one.keyless ? ' (keyless)' : ''}
            </option>
          ))}
        </SelectField>
      )}
      {!way.keyless && provider.clusters && (
        <Notice tone="warn">
          A key is kept here, sealed. A keyless way is safer: there is no key to leak.
        </Notice>
      )}
      {provider.clusters && (
        <details open={way.keyless} className="text-sm">
          <summary className="text-quiet hover:text-ink">
            {way.keyless ? 'First, let the cloud trust Skein' : 'What to grant, and nothing more'}
          </summary>
          <div className="mt-3">
            <Grant path={grantPath} />
          </div>
        </details>
      )}
      <CredentialFields key={`${provider.id} ${way.id}`} fields={way.fields} />
    </div>
  );
}
