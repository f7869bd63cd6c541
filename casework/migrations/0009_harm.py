import django.db.models.deletion
import kpm.ids
import simple_history.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0008_needs'),
    ]

    operations = [
        migrations.CreateModel(
            name='HarmReport',
            fields=[
                ('id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(default=kpm.ids.file_number, editable=False, max_length=11, unique=True, verbose_name='number')),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('state', models.CharField(choices=[('opened', 'To be reported'), ('told', 'Reported, no receipt yet'), ('confirmed', 'Receipt is here'), ('not_due', 'Two people found that no report is due')], default='opened', max_length=9, verbose_name='state')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='reported at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('case_file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='harm_reports', to='casework.casefile', verbose_name='case file')),
            ],
            options={
                'verbose_name': 'mandatory report',
                'verbose_name_plural': 'mandatory reports',
                'ordering': ('opened_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='HarmStep',
            fields=[
                ('id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key_gen', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('body', models.BinaryField(null=True)),
                ('writer', models.BinaryField(null=True)),
                ('key_owner', models.UUIDField(editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('kind', models.CharField(choices=[('seen', 'What was seen or heard'), ('told', 'Reported'), ('receipt', 'Receipt'), ('not_due', 'No report is due')], max_length=8, verbose_name='kind')),
                ('written_at', models.DateTimeField(verbose_name='written at')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='casework.harmreport', verbose_name='report')),
            ],
            options={
                'verbose_name': 'step of a mandatory report',
                'verbose_name_plural': 'steps of mandatory reports',
                'ordering': ('written_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='HistoricalHarmReport',
            fields=[
                ('id', models.UUIDField(db_index=True, default=kpm.ids.uuid7, editable=False)),
                ('number', models.CharField(db_index=True, default=kpm.ids.file_number, editable=False, max_length=11, verbose_name='number')),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('state', models.CharField(choices=[('opened', 'To be reported'), ('told', 'Reported, no receipt yet'), ('confirmed', 'Receipt is here'), ('not_due', 'Two people found that no report is due')], default='opened', max_length=9, verbose_name='state')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='reported at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('history_user_id', models.UUIDField(null=True)),
                ('history_id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField()),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('case_file', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.casefile', verbose_name='case file')),
            ],
            options={
                'verbose_name': 'historical mandatory report',
                'verbose_name_plural': 'historical mandatory reports',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalHarmStep',
            fields=[
                ('id', models.UUIDField(db_index=True, default=kpm.ids.uuid7, editable=False)),
                ('key_gen', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('body', models.BinaryField(null=True)),
                ('writer', models.BinaryField(null=True)),
                ('key_owner', models.UUIDField(editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('kind', models.CharField(choices=[('seen', 'What was seen or heard'), ('told', 'Reported'), ('receipt', 'Receipt'), ('not_due', 'No report is due')], max_length=8, verbose_name='kind')),
                ('written_at', models.DateTimeField(verbose_name='written at')),
                ('history_user_id', models.UUIDField(null=True)),
                ('history_id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField()),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('report', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.harmreport', verbose_name='report')),
            ],
            options={
                'verbose_name': 'historical step of a mandatory report',
                'verbose_name_plural': 'historical steps of mandatory reports',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddIndex(
            model_name='harmreport',
            index=models.Index(fields=['district', 'state', 'opened_at'], name='harm_waiting'),
        ),
        migrations.AddConstraint(
            model_name='harmreport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'opened'), ('told_at__isnull', True)), models.Q(('state', 'not_due'), ('told_at__isnull', True)), models.Q(('state__in', ('told', 'confirmed')), ('told_at__isnull', False)), _connector='OR'), name='a_report_that_was_made_has_its_moment'),
        ),
        migrations.AddConstraint(
            model_name='harmreport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ('opened', 'told'))), models.Q(models.Q(('state__in', ('opened', 'told')), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='a_report_that_ended_has_its_moment'),
        ),
        migrations.AddConstraint(
            model_name='harmstep',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['seen', 'told', 'receipt', 'not_due'])), name='a_step_of_a_report_has_a_known_kind'),
        ),
        migrations.AddIndex(
            model_name='historicalharmreport',
            index=models.Index(fields=['history_date', 'id'], name='casework_hi_history_a52e61_idx'),
        ),
        migrations.AddIndex(
            model_name='historicalharmstep',
            index=models.Index(fields=['history_date', 'id'], name='casework_hi_history_7695d0_idx'),
        ),
    ]
