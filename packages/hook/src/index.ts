export type { BeforePublish, Publication } from './before-publish.js';
export { createHook, type HookParts } from './create-hook.js';
export { HOOK_SECRETS, type HookConfig, hookConfig, hookSettings } from './settings.js';
export type { Draft, MessageText } from './text.js';
