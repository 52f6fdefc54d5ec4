import type { RoomKind } from '@chorus/protocol';
import type { Position, RoomStanding } from '../broker.js';
import { FeedLosses, type HistoryLoss } from './losses.js';
import { RoomRetention } from './room-retention.js';

/** What a feed knows of its room from the room's standings. */
export class KnownRoom {
  /** Generation of the room; empty if unknown. */
  generation = '';
  kind: RoomKind = 'public';
  readonly retention: RoomRetention;
  readonly losses: FeedLosses;

  /** @param retentionDays days for which messages of any room are served; undefined for ever */
  constructor(retentionDays: number | undefined, onLost: (loss: HistoryLoss) => void) {
    this.retention = new RoomRetention(retentionDays);
    this.losses = new FeedLosses(onLost);
  }

  /** Takes over the generation and the kind of a room, which may be another one with the same id. */
  begin(standing: RoomStanding): void {
    this.generation = standing.generation;
    this.kind = standing.kind;
  }

  /** Takes over the retention and the losses. @param at position of the feed */
  learn({ generation, lost, retentionDays }: RoomStanding, at: Position): void {
    this.retention.learn(retentionDays);
    if (lost !== undefined && (this.generation === '' || this.generation === generation)) {
      this.losses.learn(lost, at);
    }
  }

  /** Whether this room was created after one of that generation. */
  isNewerThan(generation: number): boolean {
    return this.generation !== '' && Number(this.generation) > generation;
  }
}
