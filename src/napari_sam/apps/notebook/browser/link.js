// The way to Python and back: what is asked for, what is not answered yet, and what to
// say of a Python that is silent.

const WITHOUT_ANSWER_MS = 1500;
const LOST_MS = 15000;
const RUN_AGAIN = "If its kernel was restarted, run the cell again: your work is in the journal, and is offered to be restored.";

class Link {
  // `model` is the widget's; `take` gets each message with its buffers, `say` a level
  // and a sentence.
  constructor(model, take, say) {
    Object.assign(this, { model, say });
    this.who = Math.random().toString(36).slice(2);
    this.number = 0;
    this.lostAfter = LOST_MS;
    this.unanswered = new Map();
    this.soon = new Map();
    this.onMessage = (message, buffers) => {
      if (message.who && message.who !== this.who) return;
      if (message.kind === "done") this.onDone(message.n);
      take(message, buffers || []);
    };
    this.onLive = () => { this.lost = true; this.tick(); };
    model.on("msg:custom", this.onMessage);
    model.on("comm_live_update", this.onLive); // Jupyter: the kernel went away
  }

  end() {
    this.model.off("msg:custom", this.onMessage);
    this.model.off("comm_live_update", this.onLive);
  }

  send(message) {
    try {
      this.model.send({ ...message, who: this.who });
    } catch {
      this.lost = true; // there is no kernel any more
    }
  }

  ask(message) {
    const n = ++this.number;
    this.unanswered.set(n, performance.now());
    this.send({ ...message, n });
    if (this.lost) this.tick();
    return n;
  }

  // Of messages that follow each other fast, the newest only, when the last was done.
  askSoon(key, message) {
    const now = this.soon.get(key);
    if (now?.n) { now.next = message; return; }
    this.soon.set(key, { n: this.ask(message), next: null });
  }

  onDone(n) {
    this.unanswered.delete(n);
    this.lost = false;
    for (const [key, one] of this.soon) {
      if (one.n !== n) continue;
      this.soon.delete(key);
      if (one.next) this.askSoon(key, one.next);
    }
    if (this.silent && !this.unanswered.size) this.say("info", "");
    if (!this.unanswered.size) this.silent = false;
  }

  // To be called now and then: says so when Python does not answer.
  tick() {
    const silence = performance.now() - Math.min(...this.unanswered.values());
    if (!this.lost && !(this.unanswered.size && silence > WITHOUT_ANSWER_MS)) return;
    this.silent = true;
    this.say("warning", this.lost || silence > this.lostAfter
      ? `Python does not answer. ${RUN_AGAIN}`
      : "Python is busy with a cell: what you do is kept, and done as soon as it is free.");
  }
}
