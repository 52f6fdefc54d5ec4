import { accessTo, Refusal, type RoomUser } from '@chorus/protocol';

/**
 * Refuses a muted user.
 * @param mutedUntil milliseconds since 1970; undefined for a user who is not muted
 * @throws {Refusal} 403
 */
export function refuseMuted(mutedUntil: number | undefined): void {
  const seconds = Math.ceil(((mutedUntil ?? 0) - Date.now()) / 1_000);
  if (seconds > 0) throw new Refusal('muted', seconds).with({ 'Retry-After': String(seconds) });
}

/** Seconds between two messages of the user in a room with this slow mode; 0 for none. */
export function slowModeOf({ kind, role }: RoomUser, seconds: number): number {
  return accessTo('skipSlowMode', kind, role) === 'yes' ? 0 : seconds;
}
