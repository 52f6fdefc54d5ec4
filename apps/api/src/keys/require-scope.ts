import { type KeyScope, Refusal } from '@chorus/protocol';

/** Returns the refusal of an API key. @param scope what it lacks; undefined: no key may do this */
export function scopeRequired(scope?: KeyScope): Refusal<'scope_required'> {
  return new Refusal('scope_required', scope);
}
