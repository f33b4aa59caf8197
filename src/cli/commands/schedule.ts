import { Command } from 'commander';
import {
  cancelCommand,
  deleteCommand,
  pauseCommand,
  restoreCommand,
  resumeCommand,
  skipCommand,
} from './schedule_control.ts';
import { historyCommand } from './schedule_history.ts';
import { listCommand, previewCommand, showCommand } from './schedule_read.ts';
import { triggerCommand } from './schedule_trigger.ts';
import { createCommand, updateCommand } from './schedule_write.ts';

export function scheduleCommand(): Command {
  const command = new Command('schedule').description('create, find and steer schedules');
  for (const each of [
    createCommand(),
    listCommand(),
    showCommand(),
    previewCommand(),
    historyCommand(),
    updateCommand(),
    pauseCommand(),
    resumeCommand(),
    skipCommand(),
    triggerCommand(),
    cancelCommand(),
    deleteCommand(),
    restoreCommand(),
  ]) {
    command.addCommand(each);
  }
  return command;
}
