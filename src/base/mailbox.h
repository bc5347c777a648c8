/* Finished things from threads to the one that draws: the newest of a kind is kept. */
#ifndef BIKEOPS_BASE_MAILBOX_H
#define BIKEOPS_BASE_MAILBOX_H

struct mailbox; /* opaque */

/* kinds  posts of kind 0 to kinds - 1 replace each other */
struct mailbox *mailbox_new(void *mem, int kinds);
/* From any thread: message is a talloc root, and the mailbox's from here on. */
void mailbox_post(struct mailbox *box, int kind, void *message);
/* The message of the lowest kind that waits, now the caller's; NULL: none. */
void *mailbox_take(struct mailbox *box, int *kind);
/* Readable while something waits: many posts, one wake-up. */
int mailbox_fd(const struct mailbox *box);

#endif
