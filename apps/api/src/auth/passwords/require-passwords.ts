import { Refusal } from '@chorus/protocol';
import type { AuthServices } from '../dependencies.js';

/** @throws {Refusal} 403 if users sign in by identity providers only */
export function requirePasswords({ passwordsOn }: Pick<AuthServices, 'passwordsOn'>): void {
  if (!passwordsOn) throw new Refusal('passwords_disabled');
}
