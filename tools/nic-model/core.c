// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 82599 as QEMU sees it: a PCI Express function with a register space in
 * memory, a window to it in I/O ports, MSI-X, and a network client.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "i82599.h"

/* Where capabilities lie in configuration space, 9.3 and 9.4. */
#define CAP_PM	       0x40
#define CAP_MSI	       0x50
#define CAP_MSIX       0x70
#define CAP_PCIE       0xa0
#define EXT_CAP_AER    0x100
#define EXT_CAP_SERIAL 0x140

#define BAR_CSR	    0
#define BAR_IO	    2
#define BAR_MSIX    4
#define MSIX_PBA    0x2000
#define MSIX_SIZE   0x4000
#define IO_SIZE	    0x20
#define SUBSYSTEM   0x0003
#define TIME_STEP   64 /* tenths of nanoseconds, 156.25 MHz */
#define NO_REGISTER 0xffff

/* Which entry of the table a register has. */
static uint16_t table_index[I82599_CSR_SIZE / 4];

static void index_table(void)
{
	size_t i, j, at;

	memset(table_index, 0xff, sizeof(table_index));
	for (i = 0; i < i82599_reg_count; i++) {
		for (j = 0; j < i82599_regs[i].count; j++) {
			at = i82599_regs[i].address + j * i82599_regs[i].stride;
			/* Two entries for one register are a mistake of ours. */
			if (table_index[at / 4] != NO_REGISTER) {
				error_report(
					"i82599: 0x%05zx is twice in the table",
					at);
				abort();
			}
			table_index[at / 4] = i;
		}
	}
}

/* The entry for an address, which an alias moves; NULL where there is none. */
static const I82599Reg *lookup(uint32_t *address)
{
	const I82599Reg *reg;
	uint16_t index = table_index[*address / 4];

	if (index == NO_REGISTER)
		return NULL;
	reg = &i82599_regs[index];
	if (!reg->alias)
		return reg;
	*address = reg->alias +
		   (*address - reg->address) / reg->stride * reg->alias_stride;
	return &i82599_regs[table_index[*address / 4]];
}

static uint64_t csr_read(void *opaque, hwaddr offset, unsigned int size)
{
	I82599State *s = opaque;
	uint32_t address = offset, value;
	const I82599Reg *reg;

	if (s->faults.removed)
		return 0xffffffff;
	if (offset >= I82599_CSR_SIZE)
		return 0;
	reg = lookup(&address);
	if (!reg) {
		qemu_log_mask(LOG_UNIMP, "i82599: read of 0x%05x\n", address);
		return 0;
	}
	if (reg->read)
		return reg->read(s, address);
	value = REG(s, address);
	if (reg->flags & REG_CLEAR)
		REG(s, address) = 0;
	return value;
}

static void csr_write(void *opaque, hwaddr offset, uint64_t value,
		      unsigned int size)
{
	I82599State *s = opaque;
	uint32_t address = offset;
	const I82599Reg *reg;

	if (s->faults.removed || offset >= I82599_CSR_SIZE)
		return;
	reg = lookup(&address);
	if (!reg) {
		qemu_log_mask(LOG_UNIMP, "i82599: write of 0x%05x: 0x%08x\n",
			      address, (uint32_t)value);
		return;
	}
	if (reg->write)
		reg->write(s, address, value);
	else
		REG(s, address) = (REG(s, address) & ~reg->writable) |
				  (value & reg->writable);
}

static const MemoryRegionOps csr_ops = {
	.read = csr_read,
	.write = csr_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 4, .max_access_size = 8 },
	.impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* IOADDR and IODATA, 8.1.3. */
static uint64_t io_read(void *opaque, hwaddr offset, unsigned int size)
{
	I82599State *s = opaque;

	if (s->faults.removed)
		return 0xffffffff;
	if (offset == 0)
		return s->io_address;
	return offset == 4 ? csr_read(s, s->io_address, 4) : 0;
}

static void io_write(void *opaque, hwaddr offset, uint64_t value,
		     unsigned int size)
{
	I82599State *s = opaque;

	if (offset == 0)
		s->io_address = value & (I82599_CSR_SIZE - 4);
	else if (offset == 4)
		csr_write(s, s->io_address, value, 4);
}

static const MemoryRegionOps io_ops = {
	.read = io_read,
	.write = io_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* May the card be a master on the bus? */
bool i82599_may_dma(I82599State *s)
{
	uint16_t command = pci_get_word(s->parent_obj.config + PCI_COMMAND);

	return !s->faults.removed && (command & PCI_COMMAND_MASTER) &&
	       !(REG(s, R_CTRL) & CTRL_GIO_DIS);
}

/* All DMA goes through the function's address space, so through an IOMMU. */
bool i82599_dma_read(I82599State *s, uint64_t address, void *data, size_t size)
{
	return i82599_may_dma(s) &&
	       pci_dma_read(&s->parent_obj, address, data, size) == MEMTX_OK;
}

bool i82599_dma_write(I82599State *s, uint64_t address, const void *data,
		      size_t size)
{
	return i82599_may_dma(s) &&
	       pci_dma_write(&s->parent_obj, address, data, size) == MEMTX_OK;
}

uint32_t i82599_read_status(I82599State *s, uint32_t address)
{
	uint32_t value = (uint32_t)s->lan_id << STATUS_LAN_ID;

	/* 5.2.5.3.2: master requests end at once when they are forbidden. */
	if (!(REG(s, R_CTRL) & CTRL_GIO_DIS))
		value |= STATUS_GIO;
	return value;
}

/* Free running, in microseconds. */
uint32_t i82599_read_timer(I82599State *s, uint32_t address)
{
	return qemu_clock_get_us(QEMU_CLOCK_VIRTUAL);
}

/* TIMINCA's value is added in every so manyth period of the MAC's clock. */
uint32_t i82599_read_systime(I82599State *s, uint32_t address)
{
	uint64_t ticks = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) * 10 / TIME_STEP;
	uint32_t step = REG(s, R_TIMINCA);
	uint64_t time = ticks / MAX(step >> 24, 1) * (step & 0xffffff);

	return address == R_SYSTIML ? time : time >> 32;
}

/* 4.2.1.6: software's reset; LRST takes the link along. */
void i82599_write_ctrl(I82599State *s, uint32_t address, uint32_t value)
{
	if (value & (CTRL_RST | CTRL_LRST))
		i82599_reset(s, value & CTRL_LRST);
	else
		REG(s, R_CTRL) = value;
}

/* Registers to their first values; the link's only where it is reset, too. */
static void reset_registers(I82599State *s, bool power)
{
	const I82599Reg *reg;
	size_t i, j;

	for (i = 0; i < i82599_reg_count; i++) {
		reg = &i82599_regs[i];
		if (reg->alias || (!power && (reg->flags & REG_KEEP)))
			continue;
		for (j = 0; j < reg->count; j++)
			REG(s, reg->address + j * reg->stride) = reg->reset;
	}
}

void i82599_reset(I82599State *s, bool link)
{
	uint32_t autoc = REG(s, R_AUTOC), autoc2 = REG(s, R_AUTOC2);

	reset_registers(s, false);
	if (!link) {
		REG(s, R_AUTOC) = autoc;
		REG(s, R_AUTOC2) = autoc2;
	}
	i82599_irq_reset(s);
	i82599_rx_reset(s);
	i82599_tx_reset(s);
	i82599_fdir_clear(s);
	i82599_nvm_load(s);
	if (link)
		i82599_link_reset(s);
}

static void qdev_reset(DeviceState *dev)
{
	I82599State *s = I82599(dev);

	reset_registers(s, true);
	i82599_reset(s, true);
}

/* Frames are never refused: the packet buffer holds or drops them. */
static ssize_t receive(NetClientState *nc, const uint8_t *data, size_t size)
{
	I82599State *s = qemu_get_nic_opaque(nc);

	if (s->link_up && !(REG(s, R_HLREG0) & HLREG0_LPBK))
		i82599_rx_frame(s, data, size, false);
	return size;
}

static void link_status_changed(NetClientState *nc)
{
	i82599_link_changed(qemu_get_nic_opaque(nc));
}

static NetClientInfo net_info = {
	.type = NET_CLIENT_DRIVER_NIC,
	.size = sizeof(NICState),
	.receive = receive,
	.link_status_changed = link_status_changed,
};

static uint32_t config_read(PCIDevice *dev, uint32_t address, int size)
{
	if (I82599(dev)->faults.removed)
		return 0xffffffff;
	return pci_default_read_config(dev, address, size);
}

static void config_write(PCIDevice *dev, uint32_t address, uint32_t value,
			 int size)
{
	I82599State *s = I82599(dev);

	if (s->faults.removed)
		return;
	pci_default_write_config(dev, address, value, size);
	if (range_covers_byte(address, size, PCI_COMMAND) &&
	    (dev->config[PCI_COMMAND] & PCI_COMMAND_MASTER))
		qemu_bh_schedule(s->tx_bh);
}

static void make_bars(I82599State *s)
{
	PCIDevice *dev = &s->parent_obj;

	memory_region_init_io(&s->csr, OBJECT(s), &csr_ops, s, "i82599-csr",
			      I82599_BAR_SIZE);
	pci_register_bar(dev, BAR_CSR,
			 PCI_BASE_ADDRESS_MEM_TYPE_64 |
				 PCI_BASE_ADDRESS_MEM_PREFETCH,
			 &s->csr);
	memory_region_init_io(&s->io, OBJECT(s), &io_ops, s, "i82599-io",
			      IO_SIZE);
	pci_register_bar(dev, BAR_IO, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
	memory_region_init(&s->msix, OBJECT(s), "i82599-msix", MSIX_SIZE);
	pci_register_bar(dev, BAR_MSIX,
			 PCI_BASE_ADDRESS_MEM_TYPE_64 |
				 PCI_BASE_ADDRESS_MEM_PREFETCH,
			 &s->msix);
}

static void make_power_capability(PCIDevice *dev)
{
	int at = pci_add_capability(dev, PCI_CAP_ID_PM, CAP_PM, PCI_PM_SIZEOF,
				    &error_abort);

	pci_set_word(dev->config + at + PCI_PM_PMC, PCI_PM_CAP_DSI | 3);
	pci_set_word(dev->wmask + at + PCI_PM_CTRL,
		     PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE);
	pci_set_word(dev->config + at + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
}

static bool make_capabilities(I82599State *s, Error **errp)
{
	PCIDevice *dev = &s->parent_obj;
	uint8_t *mac = s->conf.macaddr.a;
	unsigned int i;

	make_power_capability(dev);
	if (msi_init(dev, CAP_MSI, 1, true, true, errp))
		return false;
	if (msix_init(dev, I82599_VECTORS, &s->msix, BAR_MSIX, 0, &s->msix,
		      BAR_MSIX, MSIX_PBA, CAP_MSIX, errp))
		return false;
	for (i = 0; i < I82599_VECTORS; i++)
		msix_vector_use(dev, i);
	if (pcie_endpoint_cap_init(dev, CAP_PCIE) < 0) {
		error_setg(errp, "no PCI Express capability");
		return false;
	}
	if (pcie_aer_init(dev, PCI_ERR_VER, EXT_CAP_AER, PCI_ERR_SIZEOF, errp))
		return false;
	pcie_dev_ser_num_init(dev, EXT_CAP_SERIAL,
			      (uint64_t)mac[0] << 56 | (uint64_t)mac[1] << 48 |
				      (uint64_t)mac[2] << 40 | 0xfffe000000 |
				      mac[3] << 16 | mac[4] << 8 | mac[5]);
	return true;
}

static void realize(PCIDevice *dev, Error **errp)
{
	I82599State *s = I82599(dev);

	if (s->lan_id > 1) {
		error_setg(errp, "lan-id is 0 or 1");
		return;
	}
	if (!i82599_sfp_known(s->sfp)) {
		error_setg(errp, "sfp is da, sr or none, not %s", s->sfp);
		return;
	}
	dev->config[PCI_CACHE_LINE_SIZE] = 0x10;
	dev->config[PCI_INTERRUPT_PIN] = 1;
	pci_set_word(dev->config + PCI_SUBSYSTEM_VENDOR_ID,
		     PCI_VENDOR_ID_INTEL);
	pci_set_word(dev->config + PCI_SUBSYSTEM_ID, SUBSYSTEM);
	dev->config_read = config_read;
	dev->config_write = config_write;
	QSIMPLEQ_INIT(&s->buffer);
	qemu_macaddr_default_if_unset(&s->conf.macaddr);
	make_bars(s);
	if (!make_capabilities(s, errp))
		return;
	s->nic = qemu_new_nic(&net_info, &s->conf, TYPE_I82599, DEVICE(s)->id,
			      &DEVICE(s)->mem_reentrancy_guard, s);
	qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);
	i82599_irq_init(s);
	i82599_tx_init(s);
	i82599_nvm_init(s);
	i82599_link_init(s);
}

static void unrealize(PCIDevice *dev)
{
	I82599State *s = I82599(dev);

	i82599_rx_reset(s);
	i82599_fdir_clear(s);
	i82599_link_exit(s);
	i82599_tx_exit(s);
	i82599_irq_exit(s);
	qemu_del_nic(s->nic);
	pcie_aer_exit(dev);
	pcie_cap_exit(dev);
	msix_unuse_all_vectors(dev);
	msix_uninit(dev, &s->msix, &s->msix);
	msi_uninit(dev);
}

static Property properties[] = {
	DEFINE_NIC_PROPERTIES(I82599State, conf),
	DEFINE_PROP_STRING("sfp", I82599State, sfp),
	DEFINE_PROP_UINT8("lan-id", I82599State, lan_id, 0),
	DEFINE_PROP_END_OF_LIST(),
};

static const VMStateDescription no_migration = {
	.name = TYPE_I82599,
	.unmigratable = 1,
};

static void instance_init(Object *object)
{
	I82599(object)->sfp = g_strdup("da");
}

static void class_init(ObjectClass *class, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(class);
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

	index_table();
	pc->realize = realize;
	pc->exit = unrealize;
	pc->vendor_id = PCI_VENDOR_ID_INTEL;
	pc->device_id = 0x10fb;
	pc->revision = 1;
	pc->class_id = PCI_CLASS_NETWORK_ETHERNET;
	dc->desc = "Intel 82599 10 GbE Controller (SFP+)";
	dc->reset = qdev_reset;
	dc->vmsd = &no_migration;
	device_class_set_props(dc, properties);
	i82599_faults_init(class);
	set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo info = {
	.name = TYPE_I82599,
	.parent = TYPE_PCI_DEVICE,
	.instance_size = sizeof(I82599State),
	.instance_init = instance_init,
	.class_init = class_init,
	.interfaces = (InterfaceInfo[]){ { INTERFACE_PCIE_DEVICE }, {} },
};

static void register_types(void)
{
	type_register_static(&info);
}

type_init(register_types)
