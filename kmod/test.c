// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test interface, /dev/atmos-test: raw entries, kernel addresses and the
 * fault list for the selftests and benchmarks (uapi/linux/atmos_test.h).
 *
 * It is there only with the module parameter test_interface=1, and then only
 * for CAP_SYS_ADMIN. All calls come from user space in process context.
 *
 * Locks: the table of a file's domains by its own lock; then a domain's
 * atmos_test_domain.lock; the core's locks inside of that.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kallsyms.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "cpu.h"
#include "test.h"

static_assert((int)ATMOS_TEST_OK == (int)ATMOS_ENTRY_OK, "status");
static_assert((int)ATMOS_TEST_DIED == (int)ATMOS_ENTRY_DIED, "status");
static_assert((int)ATMOS_TEST_REFUSED == (int)ATMOS_ENTRY_REFUSED, "status");
static_assert((int)ATMOS_TEST_FAULT_EXCEPTION == (int)ATMOS_FAULT_EXCEPTION, "kind");
static_assert((int)ATMOS_TEST_FAULT_SEGMENT == (int)ATMOS_FAULT_SEGMENT, "kind");
static_assert((int)ATMOS_TEST_FAULT_KILLED == (int)ATMOS_FAULT_KILLED, "kind");
static_assert(sizeof_field(struct atmos_test_create, image) == ATMOS_IMAGE_NAME_LEN, "name");
static_assert(sizeof_field(struct atmos_test_fault, symbol) == ATMOS_SYMBOL_LEN, "symbol");

static bool test_interface;
module_param(test_interface, bool, 0444);
MODULE_PARM_DESC(test_interface, "Offer /dev/atmos-test to root, for the selftests (default: no)");

#define SECRET_LEN sizeof_field(struct atmos_test_info, secret_value)

/* What a hostile domain is to look for, in both kinds of kernel memory. */
static u8 *secret;
static u8 *secret_vmalloc;

struct test_file {
	struct mutex lock;	/* outermost; held for look-ups only */
	struct xarray domains;	/* struct atmos_test_domain by id; under @lock */
};

/* ---- the owner's part of a transaction ---- */

static int test_check(struct atmos_domain *dom, const struct dom_msg *msg, const char **why)
{
	const struct dom_cmd_RETURN *ret = (const void *)msg;
	const struct atmos_object *obj;

	if (dom->image->manifest.image_class != DOM_CLASS_ECHO ||
	    msg->hdr.type != DOM_CMD_RETURN)
		return 0;
	obj = atmos_handle_find(dom->handles, msg->hdr.handle);
	if (!obj || (u64)ret->offset + ret->len > obj->len) {
		*why = "RETURN: range outside the object";
		return -ERANGE;
	}
	return 0;
}

static void test_commit(struct atmos_domain *dom, const struct dom_msg *msg,
			struct atmos_object *obj)
{
	struct atmos_test_domain *td = dom->owner;
	u32 slots = dom_msg_slots(msg->hdr.inline_len);

	if (td->nr_commands + slots <= DOM_OUT_SLOTS) {
		memcpy(&td->command[td->nr_commands], msg, slots * sizeof(*msg));
		td->nr_commands += slots;
	}
	if (obj)
		atmos_object_put(obj);
}

static const struct atmos_domain_ops test_ops = {
	.check = test_check,
	.commit = test_commit,
};

/**
 * atmos_test_enter_locked() - enter, gathering the committed commands
 * @td: test domain, its lock held, events placed
 * @entry: how it went
 */
void atmos_test_enter_locked(struct atmos_test_domain *td, struct atmos_entry *entry)
{
	td->nr_commands = 0;
	*entry = (struct atmos_entry){};
	local_bh_disable();
	atmos_domain_enter(td->dom, entry);
	local_bh_enable();
}

/* ---- domains of a file ---- */

static void test_domain_free(struct kref *ref)
{
	struct atmos_test_domain *td = container_of(ref, struct atmos_test_domain, ref);

	kfree(td);
}

static void test_domain_put(struct atmos_test_domain *td)
{
	kref_put(&td->ref, test_domain_free);
}

/* Locked, with its domain alive; NULL when there is none. */
static struct atmos_test_domain *test_domain_lock(struct test_file *tf, u64 id)
{
	struct atmos_test_domain *td;

	mutex_lock(&tf->lock);
	td = xa_load(&tf->domains, id);
	if (td)
		kref_get(&td->ref);
	mutex_unlock(&tf->lock);
	if (!td)
		return NULL;

	mutex_lock(&td->lock);
	if (!td->dom) {
		mutex_unlock(&td->lock);
		test_domain_put(td);
		return NULL;
	}
	return td;
}

static void test_domain_unlock(struct atmos_test_domain *td)
{
	mutex_unlock(&td->lock);
	test_domain_put(td);
}

/* Takes over the table's reference. */
static void test_domain_end(struct atmos_test_domain *td)
{
	struct page *page, *next;

	mutex_lock(&td->lock);
	atmos_domain_destroy(td->dom);
	td->dom = NULL;
	list_for_each_entry_safe(page, next, &td->remapped, lru)
		__free_page(page);
	mutex_unlock(&td->lock);
	test_domain_put(td);
}

static struct atmos_image *test_image(const char *name)
{
	struct atmos_image *img = atmos_image_get(name);

	if (img)
		return img;
	img = atmos_image_load(name, NULL);
	/* Somebody else was faster. */
	if (IS_ERR(img) && PTR_ERR(img) == -EEXIST)
		img = atmos_image_get(name) ?: ERR_PTR(-EAGAIN);
	return img;
}

static int test_create(struct test_file *tf, struct atmos_test_create *arg)
{
	enum atmos_privilege priv = atmos_privilege_default;
	struct atmos_test_domain *td;
	struct atmos_image *img;
	int err;

	if (arg->reserved || arg->id || strnlen(arg->image, sizeof(arg->image)) ==
	    sizeof(arg->image))
		return -EINVAL;
	switch (arg->privilege) {
	case ATMOS_TEST_PRIV_DEFAULT:
		break;
	case ATMOS_TEST_PRIV_USER:
		priv = ATMOS_PRIV_USER;
		break;
	case ATMOS_TEST_PRIV_KERNEL:
		priv = ATMOS_PRIV_KERNEL;
		break;
	default:
		return -EINVAL;
	}

	td = kzalloc(sizeof(*td), GFP_KERNEL);
	if (!td)
		return -ENOMEM;
	kref_init(&td->ref);
	mutex_init(&td->lock);
	INIT_LIST_HEAD(&td->remapped);

	img = test_image(arg->image);
	if (IS_ERR(img)) {
		err = PTR_ERR(img);
		goto free;
	}
	td->dom = atmos_domain_create(img, priv, &test_ops, td, GFP_KERNEL);
	/* The domain has a reference of its own. */
	atmos_image_put(img);
	if (IS_ERR(td->dom)) {
		err = PTR_ERR(td->dom);
		goto free;
	}
	arg->id = td->dom->id;

	mutex_lock(&tf->lock);
	err = xa_insert(&tf->domains, td->dom->id, td, GFP_KERNEL);
	mutex_unlock(&tf->lock);
	if (err)
		goto destroy;
	return 0;

destroy:
	atmos_domain_destroy(td->dom);
free:
	kfree(td);
	return err;
}

static int test_forget(const struct atmos_test_create *arg)
{
	if (strnlen(arg->image, sizeof(arg->image)) == sizeof(arg->image))
		return -EINVAL;
	return atmos_image_remove(arg->image);
}

static int test_destroy(struct test_file *tf, u64 id)
{
	struct atmos_test_domain *td;

	mutex_lock(&tf->lock);
	td = xa_erase(&tf->domains, id);
	mutex_unlock(&tf->lock);
	if (!td)
		return -ENOENT;
	test_domain_end(td);
	return 0;
}

/* ---- calls on a domain, its lock held ---- */

static int test_enter(struct atmos_test_domain *td, struct atmos_test_enter *arg)
{
	struct dom_in *in = td->dom->in;
	struct atmos_entry entry;
	u32 nr;

	if (arg->nr_events > DOM_IN_SLOTS)
		return -EINVAL;
	/* As they are: what the domain makes of them is the test. */
	if (copy_from_user(in->slot, u64_to_user_ptr(arg->events),
			   arg->nr_events * sizeof(in->slot[0])))
		return -EFAULT;
	in->nr_slots = arg->nr_events;

	atmos_test_enter_locked(td, &entry);
	/* A refused entry leaves them there. */
	in->nr_slots = 0;

	nr = entry.status == ATMOS_ENTRY_OK ? min(td->nr_commands, arg->max_commands) : 0;
	arg->nr_commands = nr;
	arg->status = entry.status;
	arg->fault = entry.fault;
	arg->cycles = entry.cycles;
	if (copy_to_user(u64_to_user_ptr(arg->commands), td->command,
			 nr * sizeof(td->command[0])))
		return -EFAULT;
	return 0;
}

static int test_offer(struct atmos_test_domain *td, struct atmos_test_offer *arg)
{
	struct atmos_object *obj;
	unsigned long missing;
	void *bytes;

	if (!arg->len || arg->len > PAGE_SIZE)
		return -EINVAL;
	obj = atmos_object_alloc(arg->len, GFP_KERNEL);
	if (!obj)
		return -ENOMEM;
	bytes = kmap_local_page(obj->page);
	missing = copy_from_user(bytes + obj->offset, u64_to_user_ptr(arg->data), arg->len);
	kunmap_local(bytes);
	if (missing) {
		atmos_object_put(obj);
		return -EFAULT;
	}

	/* The handle table is the core's, under the domain's own lock. */
	spin_lock_bh(&td->dom->lock);
	arg->handle = atmos_handle_give(td->dom->handles, obj);
	spin_unlock_bh(&td->dom->lock);
	if (arg->handle == DOM_NO_HANDLE) {
		atmos_object_put(obj);
		return -ENOSPC;
	}
	return 0;
}

static int test_info(struct atmos_test_domain *td, struct atmos_test_info *arg)
{
	struct atmos_test_info info = { .id = arg->id };
	const struct atmos_cpu *c;
	struct atmos_stats sum;

	atmos_cpu_stats(&sum);
	info.base = td->dom->base;
	info.secret = (unsigned long)secret;
	info.secret_vmalloc = (unsigned long)secret_vmalloc;
	memcpy(info.secret_value, secret, SECRET_LEN);
	info.gate_text = (unsigned long)atmos_gate_text;
	info.gate_text_len = atmos_gate_text_end - atmos_gate_text;
	info.module_text = (unsigned long)atmos_domain_enter;
	info.kernel_text = (unsigned long)schedule;
	info.crossings = td->dom->crossings;
	info.restarts = td->dom->restarts;
	info.exchange_objects = atmos_object_count();
	info.nmis = sum.nmis;
	info.nmis_in_gate = sum.nmis_in_gate;
	info.irqs = sum.irqs;
	info.pge_repairs = sum.pge_repairs;
	info.rebinds = sum.rebinds;
	info.flushes = sum.flushes;

	info.cpu = get_cpu();
	c = this_cpu_ptr(&atmos_cpu);
	info.gate_block = (unsigned long)c->gate;
	info.gate_block_len = c->gate ? GATE_BLOCK_SIZE : 0;
	info.idt = c->addr.idt;
	info.tss = c->addr.tss;
	info.gdt = c->addr.gdt;
	put_cpu();

	*arg = info;
	return 0;
}

static int test_remap(struct atmos_test_domain *td, const struct atmos_test_remap *arg)
{
	struct page *page = NULL;
	int err;

	if (arg->reserved || !PAGE_ALIGNED(arg->offset) || arg->offset >= DOM_WINDOW_SIZE)
		return -EINVAL;
	switch (arg->op) {
	case ATMOS_TEST_REMAP_FILL: {
		void *bytes;

		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		bytes = kmap_local_page(page);
		memset64(bytes, arg->value, PAGE_SIZE / sizeof(u64));
		kunmap_local(bytes);
		break;
	}
	case ATMOS_TEST_REMAP_UNMAP:
		break;
	default:
		return -EINVAL;
	}

	err = atmos_domain_remap(td->dom, arg->offset, page);
	if (!page)
		return err;
	if (err)
		__free_page(page);
	else
		list_add(&page->lru, &td->remapped);
	return err;
}

static int test_fault(struct atmos_test_fault *arg)
{
	struct atmos_fault *f;
	int err;

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	err = atmos_report_get(arg->seq, f);
	if (!err) {
		memset(arg, 0, sizeof(*arg));
		arg->seq = f->seq;
		arg->domain = f->domain;
		arg->kind = f->kind;
		arg->vector = f->vector;
		arg->error_code = f->kind == ATMOS_FAULT_CONTRACT ?
			-f->error_code : f->error_code;
		arg->address = f->address;
		arg->rip = f->rip;
		strscpy(arg->image, f->image, sizeof(arg->image));
		strscpy(arg->symbol, f->symbol, sizeof(arg->symbol));
		strscpy(arg->why, f->why ?: "", sizeof(arg->why));
	}
	kfree(f);
	return err;
}

/* ---- the device ---- */

union test_arg {
	struct atmos_test_create create;
	struct atmos_test_enter enter;
	struct atmos_test_loop loop;
	struct atmos_test_offer offer;
	struct atmos_test_info info;
	struct atmos_test_provoke provoke;
	struct atmos_test_remap remap;
	struct atmos_test_fault fault;
	struct atmos_test_inject inject;
	struct atmos_test_injected injected;
	u64 id;
};

/* Calls on a domain: all of their arguments begin with its id. */
static long test_domain_call(struct test_file *tf, unsigned int cmd, union test_arg *arg)
{
	struct atmos_test_domain *td = test_domain_lock(tf, arg->id);
	long ret = -ENOTTY;

	if (!td)
		return -ENOENT;
	switch (cmd) {
	case ATMOS_TEST_ENTER:
		ret = test_enter(td, &arg->enter);
		break;
	case ATMOS_TEST_LOOP:
		ret = atmos_test_loop_run(td, &arg->loop);
		break;
	case ATMOS_TEST_OFFER:
		ret = test_offer(td, &arg->offer);
		break;
	case ATMOS_TEST_INFO:
		ret = test_info(td, &arg->info);
		break;
	case ATMOS_TEST_REMAP:
		ret = test_remap(td, &arg->remap);
		break;
	}
	test_domain_unlock(td);
	return ret;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct test_file *tf = file->private_data;
	void __user *p = (void __user *)user;
	union test_arg arg = {};
	long ret;

	if (_IOC_TYPE(cmd) != ATMOS_TEST_IOC || _IOC_SIZE(cmd) > sizeof(arg))
		return -ENOTTY;
	if (copy_from_user(&arg, p, _IOC_SIZE(cmd)))
		return -EFAULT;

	switch (cmd) {
	case ATMOS_TEST_CREATE:
		ret = test_create(tf, &arg.create);
		break;
	case ATMOS_TEST_DESTROY:
		ret = test_destroy(tf, arg.id);
		break;
	case ATMOS_TEST_FORGET:
		ret = test_forget(&arg.create);
		break;
	case ATMOS_TEST_PROVOKE:
		ret = atmos_test_provoke_run(&arg.provoke);
		break;
	case ATMOS_TEST_FAULT:
		ret = test_fault(&arg.fault);
		break;
	case ATMOS_TEST_INJECT:
		ret = atmos_inject_order(tf, &arg.inject);
		break;
	case ATMOS_TEST_INJECTED:
		ret = atmos_inject_result(tf, &arg.injected);
		break;
	default:
		ret = test_domain_call(tf, cmd, &arg);
		break;
	}
	/* An interrupted loop tells how far it came. */
	if ((_IOC_DIR(cmd) & _IOC_READ) && (!ret || ret == -EINTR) &&
	    copy_to_user(p, &arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	return ret;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_file *tf;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	tf = kzalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	mutex_init(&tf->lock);
	xa_init(&tf->domains);
	file->private_data = tf;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_file *tf = file->private_data;
	struct atmos_test_domain *td;
	unsigned long id;

	atmos_inject_release(tf);
	xa_for_each(&tf->domains, id, td)
		test_domain_end(td);
	xa_destroy(&tf->domains);
	kfree(tf);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "atmos-test",
	.mode = 0600,
	.fops = &test_fops,
};

/**
 * atmos_test_on() - is there a test interface
 */
bool atmos_test_on(void)
{
	return test_interface;
}

/**
 * atmos_test_init() - offer the test interface, if the parameter says so
 *
 * Return: 0 or a negative errno.
 */
int atmos_test_init(void)
{
	int err = -ENOMEM;

	if (!test_interface)
		return 0;
	/* It tells kernel addresses, and root may be less than the kernel. */
	if (security_locked_down(LOCKDOWN_MODULE_SIGNATURE)) {
		pr_err("test_interface=1 refused: the kernel is locked down\n");
		return -EPERM;
	}
	secret = kmalloc(SECRET_LEN, GFP_KERNEL);
	secret_vmalloc = vmalloc(PAGE_SIZE);
	if (!secret || !secret_vmalloc)
		goto free;
	get_random_bytes(secret, SECRET_LEN);
	memcpy(secret_vmalloc, secret, SECRET_LEN);

	err = atmos_test_provoke_init();
	if (err)
		goto free;
	err = misc_register(&test_device);
	if (err)
		goto provoke;
	pr_warn("test interface on: root may put anything into domains\n");
	return 0;

provoke:
	atmos_test_provoke_exit();
free:
	vfree(secret_vmalloc);
	kfree(secret);
	return err;
}

/**
 * atmos_test_exit() - undo atmos_test_init(); no file is open any more
 */
void atmos_test_exit(void)
{
	if (!test_interface)
		return;
	misc_deregister(&test_device);
	atmos_test_provoke_exit();
	vfree(secret_vmalloc);
	kfree(secret);
}
