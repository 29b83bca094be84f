// SPDX-License-Identifier: GPL-2.0-only
/*
 * All registers that there are, 8.2.3: where, how many, what they hold after
 * a reset, which bits can be written, and who does more than store a value.
 * What is not listed reads as zero and takes no write.
 *
 * "Stored" below means that a value is kept for software to read back, and
 * has no further effect.
 */
#include "qemu/osdep.h"
#include "i82599.h"

#define ALL 0xffffffff

#define ONE(a, r, w)                                                \
	{                                                           \
		.address = a, .count = 1, .reset = r, .writable = w \
	}
#define MANY(a, n, r, w)                                           \
	{                                                          \
		.address = a, .count = n, .stride = 4, .reset = r, \
		.writable = w                                      \
	}
#define STORED(a, n) MANY(a, n, 0, ALL)
#define COUNTER(a, n)                                                     \
	{                                                                 \
		.address = a, .count = n, .stride = 4, .flags = REG_CLEAR \
	}
#define COUNTERS(a, n, st)                                                 \
	{                                                                  \
		.address = a, .count = n, .stride = st, .flags = REG_CLEAR \
	}
#define ALIAS(a, n, st, to, to_st)                                   \
	{                                                            \
		.address = a, .count = n, .stride = st, .alias = to, \
		.alias_stride = to_st                                \
	}
#define QUEUE(a, n, w)                                                  \
	{                                                               \
		.address = a, .count = n, .stride = 0x40, .writable = w \
	}
#define QUEUE_W(a, n, f)                                                   \
	{                                                                  \
		.address = a, .count = n, .stride = 0x40, .writable = ALL, \
		.write = f                                                 \
	}
#define PAIRED(a, n, w)                                              \
	{                                                            \
		.address = a, .count = n, .stride = 8, .writable = w \
	}
#define RX_QUEUES(a)                                                          \
	QUEUE((a) + Q_BAL, 64, 0xffffff80), QUEUE((a) + Q_BAH, 64, ALL),      \
		QUEUE((a) + Q_LEN, 64, 0x000fff80),                           \
		QUEUE((a) + Q_DCA, 64, ALL), QUEUE((a) + Q_HEAD, 64, 0xffff), \
		QUEUE((a) + Q_SRRCTL, 64, ALL),                               \
		QUEUE_W((a) + Q_TAIL, 64, i82599_write_rdt),                  \
		QUEUE_W((a) + Q_DCTL, 64, i82599_write_rxctl),                \
		QUEUE((a) + Q_RSCCTL, 64, ALL)
#define IRQ(a, n)                                                  \
	{                                                          \
		.address = a, .count = n, .stride = 4,             \
		.read = i82599_read_irq, .write = i82599_write_irq \
	}
#define NVM(a)                                                     \
	{                                                          \
		.address = a, .count = 1, .read = i82599_read_nvm, \
		.write = i82599_write_nvm, .flags = REG_KEEP       \
	}
#define READ(a, f)                                  \
	{                                           \
		.address = a, .count = 1, .read = f \
	}
#define WRITE(a, r, f)                                           \
	{                                                        \
		.address = a, .count = 1, .reset = r, .write = f \
	}

const I82599Reg i82599_regs[] = {
	/* General, 8.2.3.1. */
	WRITE(R_CTRL, 0, i82599_write_ctrl),
	ALIAS(0x00004, 1, 4, R_CTRL, 4),
	READ(R_STATUS, i82599_read_status),
	STORED(R_CTRL_EXT, 1),
	{ .address = R_ESDP,
	  .count = 1,
	  .writable = ALL,
	  .read = i82599_read_esdp,
	  .flags = REG_KEEP },
	{ .address = R_I2CCTL,
	  .count = 1,
	  .read = i82599_read_i2c,
	  .write = i82599_write_i2c,
	  .reset = I2C_CLK_OUT | I2C_DATA_OUT },
	READ(R_FRTIMER, i82599_read_timer),
	STORED(0x0003c, 1), /* TSSDP */
	STORED(0x0004c, 1), /* TCPTIMER */
	STORED(R_LEDCTL, 1),
	STORED(0x05078, 1), /* EXVET */

	/* EEPROM, flash, semaphores, 8.2.3.2 and 8.2.3.4. */
	NVM(R_EEC),
	NVM(R_EERD),
	STORED(0x1001c, 1), /* FLA */
	ONE(R_EEMNGCTL, 0x000c0000, 0),
	NVM(R_SWSM),
	{ .address = R_SW_FW_SYNC,
	  .count = 1,
	  .writable = ALL,
	  .flags = REG_KEEP },
	ONE(R_FWSM, 0x00008000, 0), /* valid, no manageability */
	ONE(R_FACTPS, 0, 0),
	ONE(R_GRC, 0, 0),

	/* PCIe, 8.2.3.4: stored. */
	STORED(0x11000, 4),  /* GCR, GTV, FUNCTAG, GLT */
	STORED(0x11010, 12), /* GSCL, GSCN */
	STORED(0x11050, 1),  /* GCR_EXT */
	ONE(0x11064, 1, 0),  /* MREVID */
	STORED(0x11068, 1),  /* PBACL */
	STORED(0x11070, 2),  /* DCA_ID, DCA_CTRL */
	STORED(0x110b0, 4),  /* PICAUSE, PIENA */
	STORED(0x110c0, 9),  /* PBACL */

	/* Interrupts, 8.2.3.5. */
	IRQ(R_EICR, 1),
	IRQ(R_EICS, 1),
	ONE(R_EIAC, 0, EIAC_MASK),
	MANY(R_EITR, 24, 0, 0x80007ff8),
	MANY(R_EITR_HIGH, 105, 0, 0x80007ff8),
	IRQ(R_EIMS, 1),
	IRQ(R_EIMC, 1),
	IRQ(R_EIAM, 1),
	STORED(0x00894, 1), /* EITRSEL */
	{ .address = R_GPIE, .count = 1, .write = i82599_write_irq },
	STORED(R_IVAR, 64),
	STORED(R_IVAR_MISC, 1),
	IRQ(R_EICS_EX, 2),
	IRQ(R_EIMS_EX, 2),
	IRQ(R_EIMC_EX, 2),
	IRQ(R_EIAM_EX, 2),

	/* Flow control, 8.2.3.3. */
	STORED(0x03008, 1), /* PFCTOP */
	STORED(R_FCTTV, 4),
	MANY(R_FCRTL, 8, 0, 0x8007fff0),
	MANY(R_FCRTH, 8, 0, 0x8007fff0),
	STORED(R_FCRTV, 1),
	STORED(R_FCCFG, 1),
	ONE(R_TFCS, 1, 0),

	/* Receive, 8.2.3.7. */
	STORED(R_RXCSUM, 1),
	STORED(R_RFCTL, 1),
	STORED(R_FCTRL, 1),
	ONE(R_VLNCTRL, 0x8100, 0xf000ffff),
	STORED(R_MCSTCTRL, 1),
	STORED(R_ETQF, 8),
	STORED(R_MTA, 128),
	PAIRED(R_RAL, 128, ALL),
	PAIRED(R_RAH, 128, RAH_AV | 0xffff),
	ALIAS(R_RAL_OLD, 32, 4, R_RAL, 4),
	STORED(0x0a600, 256), /* MPSAR */
	STORED(R_PSRTYPE, 64),
	ALIAS(R_PSRTYPE_OLD, 16, 4, R_PSRTYPE, 4),
	STORED(R_VFTA, 128),
	STORED(R_MRQC, 1),
	ALIAS(0x0ec80, 1, 4, R_MRQC, 4),
	STORED(R_RETA, 32),
	STORED(R_RSSRK, 10),
	STORED(R_SAQF, 128),
	STORED(R_DAQF, 128),
	STORED(R_SDPQF, 128),
	STORED(R_FTQF, 128),
	STORED(R_L34TIMIR, 128),
	STORED(R_ETQS, 8),
	STORED(R_SYNQF, 1),
	STORED(R_UTA, 128),
	STORED(R_RTRUP2TC, 1),
	STORED(0x0ec70, 1),  /* RQTC */
	STORED(0x0ec90, 1),  /* LLITHRESH */
	STORED(0x05a80, 17), /* IMIR, IMIREXT, IMIRVP */

	/* Receive DMA, 8.2.3.8. */
	RX_QUEUES(R_RXQ),
	RX_QUEUES(R_RXQ_HIGH),
	ALIAS(R_SRRCTL_OLD, 16, 4, R_RXQ + Q_SRRCTL, 0x40),
	ALIAS(R_DCA_RX_OLD, 16, 4, R_RXQ + Q_DCA, 0x40),
	ONE(R_RDRXCTL, RDRXCTL_DMAI | RDRXCTL_CRCS, ~RDRXCTL_DMAI),
	STORED(0x03028, 1), /* RSCDBU */
	STORED(0x02c20, 1), /* RDSTATCTL */
	WRITE(R_RXCTRL, 0, i82599_write_rxctl),
	{ .address = R_RXPBSIZE,
	  .count = 1,
	  .reset = 0x00080000,
	  .writable = 0x000ffc00 },
	MANY(R_RXPBSIZE + 4, 7, 0, 0x000ffc00),
	STORED(0x03d04, 1), /* DROPEN */

	/* Transmit, 8.2.3.9. */
	QUEUE(R_TXQ + Q_BAL, 128, 0xffffff80),
	QUEUE(R_TXQ + Q_BAH, 128, ALL),
	QUEUE(R_TXQ + Q_LEN, 128, 0x000fff80),
	QUEUE(R_TXQ + Q_DCA, 128, ALL),
	QUEUE(R_TXQ + Q_HEAD, 128, 0xffff),
	QUEUE_W(R_TXQ + Q_TAIL, 128, i82599_write_tdt),
	QUEUE_W(R_TXQ + Q_DCTL, 128, i82599_write_txctl),
	QUEUE(R_TXQ + Q_WBAL, 128, ALL),
	QUEUE(R_TXQ + Q_WBAH, 128, ALL),
	WRITE(R_DMATXCTL, 0x81000000, i82599_write_txctl),
	ONE(R_DTXTCPFLGL, 0x0f760ff6, ALL),
	ONE(R_DTXTCPFLGH, 0x00000f7f, ALL),
	STORED(R_DTXMXSZRQ, 1),
	STORED(0x04950, 8), /* TXPBTHRESH */
	ONE(R_TXPBSIZE, 0x00028000, ALL),
	STORED(R_TXPBSIZE + 4, 7),
	STORED(0x0cb00, 1), /* TIPG */

	/* Classes of traffic, 8.2.3.10: stored. */
	STORED(0x02430, 1),  /* RTRPCS */
	STORED(0x02140, 16), /* RTRPT4C, RTRPT4S */
	STORED(0x04900, 4),  /* RTTDCS, RTTDQSEL, RTTDT1C, RTTDT1S */
	STORED(0x04910, 16), /* RTTDT2C, RTTDT2S */
	STORED(0x04980, 5),  /* RTTBCNRM, RTTBCNRC, RTTDTECC */
	STORED(0x04a90, 1),  /* RTTQCNTG */
	STORED(0x08b00, 1),  /* RTTQCNCR */
	STORED(0x0c800, 1),  /* RTTUP2TC */
	STORED(0x0cd00, 1),  /* RTTPCS */
	STORED(0x0cd20, 16), /* RTTPT2C, RTTPT2S */
	STORED(0x08120, 1),  /* MTQC */

	/* Security, 8.2.3.12: switched off by its fuses. */
	STORED(R_SECTXCTRL, 1),
	ONE(R_SECTXSTAT, SECSTAT_RDY | SECSTAT_OFF_DIS, 0),
	STORED(0x08808, 3), /* SECTXBUFFAF, SECTXMINIFG */
	STORED(R_SECRXCTRL, 1),
	ONE(R_SECRXSTAT, SECSTAT_RDY | SECSTAT_OFF_DIS, 0),

	/* Virtual functions, 8.2.3.27, there are none: stored. */
	STORED(0x00720, 2),   /* PFMBIMR */
	STORED(0x02f04, 1),   /* QDE */
	STORED(0x050b0, 2),   /* PFFLP */
	STORED(0x05180, 2),   /* VMTXSW */
	STORED(0x051b0, 1),   /* VT_CTL */
	STORED(0x051e0, 2),   /* VFRE */
	STORED(0x08000, 64),  /* VMVIR */
	STORED(0x08110, 2),   /* VFTE */
	STORED(0x08200, 9),   /* PFVFSPOOF, PFDTXGSWC */
	STORED(0x08790, 2),   /* VMECM */
	STORED(0x0ca00, 1),   /* LBDRPEN */
	STORED(0x0f000, 64),  /* VMOLR */
	STORED(0x0f100, 64),  /* VLVF */
	STORED(0x0f200, 128), /* VLVFB */
	STORED(0x0f600, 16),  /* MRCTL, VMRVLAN, VMRVM */

	/* Fibre Channel, 8.2.3.16: stored. */
	STORED(0x02410, 7),
	STORED(0x05100, 6),
	STORED(0x0ed00, 12),

	/* Flow Director, 8.2.3.21. */
	WRITE(R_FDIRCTRL, 0, i82599_write_fdirctrl),
	STORED(R_FDIRSIPV6, 3),
	STORED(R_FDIRIPSA, 5),
	WRITE(R_FDIRCMD, 0, i82599_write_fdircmd),
	STORED(R_FDIRFREE, 1),
	STORED(R_FDIRDIP4M, 4),
	COUNTER(R_FDIRLEN, 5),
	STORED(R_FDIRHKEY, 5), /* FDIRSKEY, FDIRM, FDIRIP6M */

	/* MAC, 8.2.3.22. */
	STORED(0x04200, 10), /* PCS1G */
	ONE(R_HLREG0, 0x00000c03, ALL),
	STORED(0x04244, 3), /* HLREG1, PAP, MACA */
	WRITE(R_MSCA, 0, i82599_write_msca),
	STORED(R_MSRWD, 1),
	ONE(R_MAXFRS, 0x05ee0000, 0xffff0000),
	STORED(R_MFLCN, 1),
	WRITE(R_AUTOC, 0xc09c6004, i82599_write_autoc),
	READ(R_LINKS, i82599_read_link),
	ONE(R_AUTOC2, 0x00020000, ALL),
	READ(R_ANLP1, i82599_read_link),
	READ(R_LINKS2, i82599_read_link),
	ONE(0x042d0, 0, 0), /* MMNGC */
	STORED(0x04330, 1), /* MACC */
	STORED(R_CORECTL, 1),

	/* Statistics, 8.2.3.23. */
	COUNTER(0x04000, 5), /* CRCERRS to MSPDC */
	COUNTER(0x04034, 4), /* MLFC, MRFC, RLEC */
	COUNTER(R_LXONTX, 1),
	COUNTER(R_LXOFFTX, 1),
	COUNTER(0x0cf60, 1), /* LXONRXC */
	COUNTER(0x0cf68, 1), /* LXOFFRXC */
	COUNTER(R_LXONRX, 2),
	COUNTER(0x03f00, 16), /* PXONTXC, PXOFFTXC */
	COUNTER(0x0cf00, 16), /* PXONRXC, PXOFFRXC */
	COUNTER(0x04140, 16), /* PXONRXCNT, PXOFFRXCNT */
	COUNTER(0x03240, 8),  /* PXON2OFFCNT */
	COUNTER(R_MPC, 8),
	COUNTER(0x03fc0, 8), /* RNBC */
	COUNTER(R_PRC64, 6),
	COUNTER(R_GPRC, 9),  /* to GOTCH */
	COUNTER(R_RUC, 4),   /* RUC, RFC, ROC, RJC */
	COUNTER(0x040b4, 3), /* MNGPRC, MNGPDC */
	COUNTER(R_TORL, 2),
	COUNTER(R_TPR, 8), /* TPR, TPT, PTC */
	COUNTER(R_MPTC, 2),
	COUNTER(R_XEC, 1),
	COUNTER(0x041b0, 3), /* RXNFGPC */
	COUNTER(R_RXDGPC, 12),
	COUNTER(R_TXDGPC, 3),
	COUNTER(0x08780, 4), /* SSVPC, FCOEPTC, FCOEDWTC */
	COUNTER(0x0cf90, 1), /* MNGPTC */
	COUNTER(0x05118, 1), /* FCCRC */
	COUNTERS(R_QPRC, 16, 0x40),
	COUNTERS(R_QBRCL, 16, 0x40),
	COUNTERS(R_QBRCL + 4, 16, 0x40),
	COUNTERS(R_QPRDC, 16, 0x40),
	COUNTERS(R_QPTC, 16, 0x40),
	ALIAS(R_QPTC_NEW, 16, 4, R_QPTC, 0x40),
	COUNTER(R_QBTCL, 32),
	STORED(R_RQSMR, 32),
	STORED(R_TQSM, 32),

	/* Wake-up, 8.2.3.24: stored. */
	STORED(0x05800, 1),
	STORED(0x05808, 1),
	STORED(0x05810, 1),
	STORED(0x05838, 10),
	STORED(0x05880, 4),
	STORED(0x05900, 3),
	STORED(0x09000, 256),

	/* Manageability, 8.2.3.25: there is no controller. */
	ONE(0x05820, 0, 0), /* MANC */

	/* Time, 8.2.3.26: frames get no stamps. */
	STORED(0x05120, 1), /* RXMTRL */
	STORED(0x05188, 1), /* TSYNCRXCTL */
	STORED(0x08c00, 3), /* TSYNCTXCTL, TXSTMP */
	READ(R_SYSTIML, i82599_read_systime),
	READ(R_SYSTIMH, i82599_read_systime),
	STORED(R_TIMINCA, 1),
	STORED(0x08c18, 15), /* TIMADJ to FREQOUT */
};

const size_t i82599_reg_count = ARRAY_SIZE(i82599_regs);
