// SPDX-License-Identifier: GPL-2.0-only
/* Load and unload: a ladder, and the same ladder downwards. */
#include <linux/module.h>

#include "atmos.h"
#include "compat.h"
#include "cpu.h"
#include "platform.h"
#include "sock.h"

static int __init atmos_init(void)
{
	char mitigations[192];
	int err;

	err = atmos_platform_check();
	if (err)
		return err;
	err = atmos_domain_init();
	if (err)
		return err;
	err = atmos_cpu_init();
	if (err)
		goto cpu;
	err = atmos_image_init();
	if (err)
		goto image;
	err = atmos_conn_init();
	if (err)
		goto conn;
	err = atmos_net_init();
	if (err)
		goto net;
	err = atmos_netlink_init();
	if (err)
		goto netlink;
	err = atmos_test_init();
	if (err)
		goto test;
	err = atmos_family_init();
	if (err)
		goto family;
	atmos_platform_describe(mitigations, sizeof(mitigations));
	pr_info("domains at CPL%d, %s; on each crossing: %s\n",
		atmos_privilege_default == ATMOS_PRIV_USER ? 3 : 0,
		atmos_platform_pcid() ? "PCIDs" : "no PCIDs (every entry flushes)", mitigations);
	return 0;
family:
	atmos_test_exit();
test:
	atmos_netlink_exit();
netlink:
	atmos_net_exit();
net:
	atmos_conn_exit();
conn:
	atmos_image_exit();
image:
	atmos_cpu_exit();
cpu:
	atmos_domain_exit();
	return err;
}

static void __exit atmos_exit(void)
{
	atmos_family_exit();
	atmos_test_exit();
	atmos_netlink_exit();
	atmos_net_exit();
	atmos_conn_exit();
	atmos_domain_exit();
	atmos_image_exit();
	atmos_cpu_exit();
}

module_init(atmos_init);
module_exit(atmos_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A network stack in a page-table domain for every connection");
MODULE_VERSION(ATMOS_VERSION);
compat_import_bpf();
