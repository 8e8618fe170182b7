// An app on Bolt, written as Bolt's documentation does it. Lines of JSON on standard output say what it was given and what
// came of its calls; it stops when standard input ends.
import bolt from '@slack/bolt';

const app = new bolt.App({
  socketMode: true,
  appToken: process.env.SLACK_APP_TOKEN,
  token: process.env.SLACK_BOT_TOKEN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  logLevel: bolt.LogLevel.WARN,
});

const say = (fields) => process.stdout.write(`${JSON.stringify(fields)}\n`);

const words = (text) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const stop = {
  type: 'actions',
  block_id: 'cycle',
  elements: [{
    type: 'button',
    action_id: 'stop',
    value: 'C-7F3K',
    style: 'danger',
    text: { type: 'plain_text', text: 'Stop' },
    confirm: {
      title: { type: 'plain_text', text: 'Stop the cycle?' },
      text: { type: 'plain_text', text: 'What it has exported stays exported.' },
      confirm: { type: 'plain_text', text: 'Stop' },
      deny: { type: 'plain_text', text: 'Go on' },
    },
  }],
};

const commands = {
  help: async ({ ack }) => {
    await ack({ response_type: 'ephemeral', text: 'Try *delta*', blocks: [words('Try *delta*')] });
  },

  delta: async ({ command, ack, client, respond, context }) => {
    await ack();
    const { user } = await client.users.info({ user: command.user_id });
    const posted = await client.chat.postMessage({
      channel: command.channel_id,
      text: 'Delta, running',
      blocks: [words('Delta, *running*'), stop],
      metadata: { event_type: 'cycle', event_payload: { ref: 'C-7F3K' } },
      unfurl_links: false,
    });
    const edited = await client.chat.update({
      channel: posted.channel,
      ts: posted.ts,
      text: 'Delta, half done',
      blocks: [words('Delta, *half done*'), stop],
    });
    await client.chat.postMessage({ channel: posted.channel, thread_ts: posted.ts, text: '2 of 4 runs' });
    await client.chat.postEphemeral({ channel: posted.channel, user: command.user_id, text: 'You will be told' });
    await respond({ response_type: 'ephemeral', text: 'Asked for' });
    say({ heard: 'delta', name: user.real_name, tz: user.tz, bot: context.botUserId, ts: posted.ts, edited: edited.ts });
  },

  log: async ({ command, ack, client }) => {
    await ack();
    const done = await client.filesUploadV2({
      channel_id: command.channel_id,
      initial_comment: 'The log',
      filename: 'cycle.log',
      title: 'Cycle C-7F3K',
      content: 'Delta Import on contoso.com\n',
    });
    say({ heard: 'log', file: done.files[0].files[0].id });
  },

  why: async ({ body, ack, client }) => {
    await ack();
    const { view } = await client.views.open({
      trigger_id: body.trigger_id,
      view: {
        type: 'modal',
        callback_id: 'reason',
        title: { type: 'plain_text', text: 'Full sync' },
        submit: { type: 'plain_text', text: 'Start' },
        blocks: [{
          type: 'input',
          block_id: 'because',
          label: { type: 'plain_text', text: 'Why?' },
          element: { type: 'plain_text_input', action_id: 'words' },
        }],
      },
    });
    say({ heard: 'why', view: view.id });
  },

  elsewhere: async ({ ack, client }) => {
    await ack();
    const refusals = [];
    for (const channel of ['C0EMPTY', 'C0SECRET', 'C0OLD']) {
      refusals.push(await client.chat.postMessage({ channel, text: 'hello' }).catch((err) => err.data.error));
    }
    say({ heard: 'elsewhere', refusals: refusals.join(' ') });
  },
};

app.command('/adsync', async (args) => {
  await commands[args.command.text](args);
});

app.action('stop', async ({ ack, action, body, client, respond }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `Stopped by <@${body.user.id}>`, blocks: [] });
  await respond({ response_type: 'ephemeral', replace_original: false, text: 'Stopping' });
  say({ heard: 'stop', block: action.block_id, value: action.value, ref: body.message.metadata.event_payload.ref });
});

app.view('reason', async ({ ack, view, body }) => {
  const reason = view.state.values.because.words.value;
  if (reason === 'just so') {
    await ack({ response_action: 'errors', errors: { because: 'Say more' } });
    return;
  }
  await ack();
  say({ heard: 'reason', reason, user: body.user.id });
});

app.event('app_home_opened', async ({ event, client }) => {
  const { view } = await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [words('No cycle is running')] } });
  say({ heard: 'home', type: view.type });
});

app.error(async (err) => say({ error: String(err) }));

process.stdin.on('end', () => app.stop()).resume();
await app.start();
