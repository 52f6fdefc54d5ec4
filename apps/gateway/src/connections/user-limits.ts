/** Limits of one user on one node, over all sockets of the user. */
export interface UserLimits {
  readonly connectsPerSecond: number;
  /** Sockets that the user may open in a burst. */
  readonly connectBurst: number;
  readonly messagesPerSecond: number;
  /** Bytes of messages per second; bursts of four seconds. */
  readonly messageBytesPerSecond: number;
  /** Frames without a message per second, pings included; bursts of ten seconds. */
  readonly requestsPerSecond: number;
  /** Bytes of missed messages per second; bursts of four seconds. */
  readonly replayBytesPerSecond: number;
}

/** Share of the node's connects per second that one user may use. */
const CONNECT_SHARE = 1 / 50;
const FEWEST_CONNECTS = 10;

/** @param config settings that the limits are derived from */
export function userLimits(config: {
  readonly maxConnectsPerSecond: number;
  readonly maxConnectionsPerUser: number;
  readonly maxMessagesPerSecondPerUser: number;
  readonly maxMessageBytesPerSecondPerUser: number;
  readonly maxRequestsPerSecondPerUser: number;
  readonly maxReplayBytesPerSecondPerUser: number;
}): UserLimits {
  const connectsPerSecond = Math.max(FEWEST_CONNECTS, config.maxConnectsPerSecond * CONNECT_SHARE);
  return {
    connectsPerSecond,
    // When a gateway dies, all of its sockets reconnect together, and some of them twice.
    connectBurst: Math.max(connectsPerSecond, config.maxConnectionsPerUser) * 2,
    messagesPerSecond: config.maxMessagesPerSecondPerUser,
    messageBytesPerSecond: config.maxMessageBytesPerSecondPerUser,
    requestsPerSecond: config.maxRequestsPerSecondPerUser,
    replayBytesPerSecond: config.maxReplayBytesPerSecondPerUser,
  };
}
