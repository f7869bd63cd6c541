import django.db.models.deletion
import kpm.ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('casework', '0009_harm'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalTransfer',
            fields=[
                ('id', models.UUIDField(db_index=True, default=kpm.ids.uuid7, editable=False)),
                ('key_gen', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('body', models.BinaryField(null=True)),
                ('answer', models.BinaryField(null=True)),
                ('number', models.CharField(db_index=True, default=kpm.ids.file_number, editable=False, max_length=11, verbose_name='number')),
                ('key_owner', models.UUIDField(editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('state', models.CharField(choices=[('asked', 'Waits for the other unit'), ('accepted', 'Accepted'), ('refused', 'Refused'), ('withdrawn', 'Taken back')], default='asked', max_length=9, verbose_name='state')),
                ('history_user_id', models.UUIDField(null=True)),
                ('history_id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField()),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('answered_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('asked_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('case_file', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.casefile', verbose_name='case file')),
                ('from_unit', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.unit', verbose_name='from')),
                ('to_unit', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.unit', verbose_name='to')),
            ],
            options={
                'verbose_name': 'historical transfer',
                'verbose_name_plural': 'historical transfers',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
                'indexes': [models.Index(fields=['history_date', 'id'], name='casework_hi_history_4b68b2_idx')],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key_gen', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('body', models.BinaryField(null=True)),
                ('answer', models.BinaryField(null=True)),
                ('number', models.CharField(default=kpm.ids.file_number, editable=False, max_length=11, unique=True, verbose_name='number')),
                ('key_owner', models.UUIDField(editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('state', models.CharField(choices=[('asked', 'Waits for the other unit'), ('accepted', 'Accepted'), ('refused', 'Refused'), ('withdrawn', 'Taken back')], default='asked', max_length=9, verbose_name='state')),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('case_file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transfers', to='casework.casefile', verbose_name='case file')),
                ('from_unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='from')),
                ('to_unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='to')),
            ],
            options={
                'verbose_name': 'transfer',
                'verbose_name_plural': 'transfers',
                'ordering': ('-asked_at', '-id'),
                'indexes': [models.Index(fields=['to_unit', 'state'], name='transfers_to_a_unit')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('case_file',), name='one_transfer_at_a_time'), models.CheckConstraint(condition=models.Q(('key_owner', models.F('case_file_id'))), name='a_transfer_is_sealed_under_its_file'), models.CheckConstraint(condition=models.Q(('from_unit', models.F('to_unit')), _negated=True), name='a_transfer_goes_somewhere_else'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('answered_by__isnull', True), ('state', 'asked')), models.Q(models.Q(('state', 'asked'), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='a_transfer_is_answered_by_somebody')],
            },
        ),
    ]
